/** Quantities as people read them: three or four figures and a unit. JSON has the exact ones. */

/** 840 B, 7000 B, 59 KiB, 8.0 MiB: whole bytes as long as they are few, because MTUs are compared with them. */
export function bytesText(bytes: number): string {
  if (bytes < 10_000) return `${Math.round(bytes)} B`
  const kibibytes = bytes / 1_024
  return kibibytes < 1_000 ? `${Math.round(kibibytes)} KiB` : `${(kibibytes / 1_024).toFixed(1)} MiB`
}

/** 0.21 ms, 14.3 ms, 250 ms, 1.25 s; "-" for 0, which stands for "not known". */
export function millisecondsText(ms: number): string {
  if (ms === 0) return '-'
  if (ms < 9.995) return `${ms.toFixed(2)} ms`
  if (ms < 99.95) return `${ms.toFixed(1)} ms`
  return ms < 999.5 ? `${Math.round(ms)} ms` : `${(ms / 1_000).toFixed(2)} s`
}

/** A share of 0 to 1 in percent: 0 %, 0.3 %, 12 %. */
export function percentText(share: number): string {
  const percent = share * 100
  return percent === 0 || percent >= 9.95 ? `${Math.round(percent)} %` : `${percent.toFixed(1)} %`
}
