/**
 * The script of the page: the modules of page/ as the compiler wrote them, each as a function that returns its exports,
 * dependencies first. Only the forms that page/ uses are understood: imports of names from beside, and exports in front
 * of a declaration; a test runs the whole in a browser, another parses it.
 */
import { readFileSync } from 'node:fs'

const importLine = /^import (\{[^}]*\}) from '\.\/([\w-]+)\.js';\n/gm
const exported = /^export (?=(?:const|function|class) (\w+))/gm
const leftOver = /^\/\/# sourceMappingURL=.*$|^export \{\};$/gm

/** The joined script. */
export function pageScript(): string {
  const joined = new Map<string, string>()
  joinModule('main', joined)
  return [...joined.values()].join('\n')
}

/** Adds a module after those that it imports; no two may import each other. */
function joinModule(name: string, joined: Map<string, string>): void {
  if (joined.has(name)) return
  const source = readFileSync(new URL(`./page/${name}.js`, import.meta.url), 'utf8')
  for (const [, , other] of source.matchAll(importLine)) joinModule(other!, joined)
  const names = [...source.matchAll(exported)].map(([, declared]) => declared!)
  const body = source
    .replace(importLine, (_, imported: string, other: string) => `const ${imported} = ${variableOf(other)};\n`)
    .replace(exported, '')
    .replace(leftOver, '')
  joined.set(name, `const ${variableOf(name)} = (() => {\n${body}\nreturn { ${names.join(', ')} };\n})();`)
}

function variableOf(module: string): string {
  return `module_${module.replaceAll('-', '_')}`
}
