/** Where lanes lie: faults at the top below the axis, then servers, then clients, in the height that there is. */

export interface Lane {
  readonly name: string
  readonly isServer: boolean
  /** The middle of its bar. */
  readonly y: number
  readonly top: number
  readonly height: number
  /** Half the height of the bar. */
  readonly barHalf: number
}

export interface LaneLayout {
  readonly lanes: readonly Lane[]
  readonly byName: ReadonlyMap<string, Lane>
  readonly faultsTop: number
  readonly lanesTop: number
  readonly height: number
}

export const axisHeight = 24
export const faultRowHeight = 18
export const serverBarHalf = 9
const serverHeight = { min: 62, max: 200 }
const clientHeight = { min: 22, max: 34 }

/** Lays the lanes out in `height` pixels, or in more where they need it. */
export function layLanes(
  servers: readonly string[],
  clients: readonly string[],
  faultRows: number,
  height: number,
): LaneLayout {
  const lanesTop = axisHeight + faultRows * faultRowHeight + 4
  const room = height - lanesTop - 6
  const clientEach = clamp((room * 0.3) / Math.max(1, clients.length), clientHeight)
  const serverEach = clamp((room - clients.length * clientEach) / Math.max(1, servers.length), serverHeight)
  let top = lanesTop
  const lane = (name: string, isServer: boolean): Lane => {
    const own = isServer ? serverEach : clientEach
    // The marks of a server stand below its bar.
    const y = top + (isServer ? Math.min(own / 2 - 8, 40) : own / 2)
    const placed = { name, isServer, y, top, height: own, barHalf: isServer ? serverBarHalf : own / 2 - 3 }
    top += own
    return placed
  }
  const lanes = [...servers.map(name => lane(name, true)), ...clients.map(name => lane(name, false))]
  return {
    lanes,
    byName: new Map(lanes.map(one => [one.name, one])),
    faultsTop: axisHeight,
    lanesTop,
    height: Math.max(height, top + 6),
  }
}

function clamp(value: number, { min, max }: { min: number; max: number }): number {
  return Math.min(max, Math.max(min, value))
}
