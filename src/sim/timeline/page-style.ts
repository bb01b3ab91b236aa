/** The style of the page: a head, the drawing with its strip above it, and the panel on the right. */

export const pageStyle = `
:root { color-scheme: light dark; --ground: #fff; --text: #1b1f24; --faint: #59636e; --edge: #d0d7de; --soft: #f4f6f8;
  --wrong: #b94f00; --wrong-ground: #fdf0e6; --right: #00694d }
@media (prefers-color-scheme: dark) {
  :root { --ground: #14181c; --text: #e6e9ec; --faint: #9aa5b0; --edge: #343b43; --soft: #1d2228;
    --wrong: #ff9a57; --wrong-ground: #2e1d10; --right: #3ecf9f }
}
* { box-sizing: border-box }
html, body { height: 100%; margin: 0 }
body { display: grid; grid-template: auto auto auto minmax(0, 1fr) / minmax(0, 1fr) 320px; background: var(--ground);
  color: var(--text); font: 13px/1.4 system-ui, sans-serif }
header { grid-column: 1 / 3; display: flex; gap: 4px 14px; align-items: center; padding: 8px 12px 4px }
h1 { font-size: 16px; margin: 0; min-width: 6em; overflow: hidden; text-overflow: ellipsis; white-space: nowrap }
#facts { white-space: nowrap }
#facts, .faint { color: var(--faint) }
@media (max-width: 900px) { header { flex-wrap: wrap } }
#tools { margin-left: auto; display: flex; gap: 4px; align-items: center }
#count { min-width: 6.5em; text-align: right; color: var(--faint) }
button, input { font: inherit; color: inherit; background: var(--soft); border: 1px solid var(--edge); border-radius: 4px;
  padding: 2px 8px }
button { cursor: pointer }
#search { width: 210px }
#verdict { grid-column: 1 / 3; margin: 2px 12px; color: var(--right) }
#verdict.violated { padding: 6px 10px; color: var(--text); background: var(--wrong-ground);
  border-left: 4px solid var(--wrong); max-height: 86px; overflow: auto }
#verdict .heading { display: block; border: 0; padding: 0; background: none; text-align: left; font-weight: bold;
  color: var(--wrong) }
#verdict .message { white-space: pre-wrap; overflow-wrap: anywhere }
#legend { grid-column: 1 / 3; display: flex; flex-wrap: wrap; gap: 2px 18px; padding: 4px 12px 6px; font-size: 12px;
  border-bottom: 1px solid var(--edge) }
.group { display: flex; flex-wrap: wrap; gap: 3px 8px; align-items: center }
.entry { display: inline-flex; gap: 5px; align-items: center; padding: 0 2px; font-size: 12px; white-space: nowrap }
button.entry { padding: 0 6px }
button.entry[aria-pressed='false'] { opacity: 0.45; text-decoration: line-through }
.sign { color: var(--colour); line-height: 1 }
.sign.bar { width: 16px; height: 10px; background: var(--colour); border: 1px solid var(--faint); border-radius: 1px }
.sign.line { width: 16px; height: 3px; background: var(--colour) }
main { display: flex; flex-direction: column; min-width: 0; min-height: 0 }
#strip { flex: none; display: block; width: 100%; cursor: col-resize; border-bottom: 1px solid var(--edge) }
#scroll { flex: 1; min-height: 0; overflow: hidden auto }
#drawing { display: block; width: 100%; cursor: grab; touch-action: none }
#panel { border-left: 1px solid var(--edge); padding: 10px 12px; overflow: auto; overflow-wrap: anywhere }
#panel h2 { font-size: 14px; margin: 0 0 8px; max-height: 8.4em; overflow: hidden }
#panel h3 { font-size: 12px; margin: 14px 0 4px; color: var(--faint) }
#panel table { border-collapse: collapse; width: 100%; font-size: 12px }
#panel th { text-align: left; font-weight: normal; color: var(--faint); padding: 2px 10px 2px 0; vertical-align: top;
  white-space: nowrap; width: 1% }
#panel td { padding: 2px 0 }
#panel ol { list-style: none; margin: 0; padding: 0 }
#panel ol.messages li + li { border-top: 1px solid var(--edge); margin-top: 2px; padding-top: 2px }
#panel .event { display: block; width: 100%; text-align: left; margin: 2px 0; padding: 3px 6px; font-size: 12px;
  overflow-wrap: anywhere }
#panel .when { display: block; color: var(--faint); font-size: 11px }
`
