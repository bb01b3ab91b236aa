/** Values by small numbers: equal texts get the same number, so that states are compared, hashed and kept as numbers. */
import { hashText } from './hash.js'

export class Interned<Value> {
  private readonly numbers = new Map<string, number>()
  private readonly values: Value[] = []
  private readonly lows: number[] = []
  private readonly highs: number[] = []

  get size(): number {
    return this.values.length
  }

  /** The number of the value with this text; `make` is called for a new one. */
  numberOf(text: string, make: () => Value): number {
    let number = this.numbers.get(text)
    if (number === undefined) {
      const hash = hashText(text)
      number = this.values.length
      this.numbers.set(text, number)
      this.values.push(make())
      this.lows.push(hash.low)
      this.highs.push(hash.high)
    }
    return number
  }

  at(number: number): Value {
    return this.values[number]!
  }

  low(number: number): number {
    return this.lows[number]!
  }

  high(number: number): number {
    return this.highs[number]!
  }
}
