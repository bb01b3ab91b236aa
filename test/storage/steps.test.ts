import t from 'tap'
import { eachFetched } from '../../src/storage/steps.js'

/** Fetches that end when they are told to. */
class Fetches {
  readonly taken: string[] = []
  readonly begun: number[] = []
  readonly ends = new Map<number, (error: Error | null) => void>()
  done: Error | null | undefined

  constructor(items: readonly number[]) {
    eachFetched<number, string>(
      items,
      (item, got) => {
        this.begun.push(item)
        this.ends.set(item, error => got(error, `fetched ${item}`))
      },
      (_, fetched) => void this.taken.push(fetched),
      error => (this.done = error),
    )
  }

  end(item: number, error: Error | null = null): void {
    this.ends.get(item)!(error)
  }
}

void t.test('what is fetched is taken in order, and the next ones are fetched meanwhile', t => {
  const fetches = new Fetches([1, 2, 3, 4, 5, 6])
  t.same(fetches.begun, [1, 2, 3, 4])
  fetches.end(2)
  fetches.end(4)
  t.same([fetches.taken, fetches.begun.length], [[], 4], 'the first is waited for, and no more are held')
  fetches.end(1)
  t.same(fetches.taken, ['fetched 1', 'fetched 2'])
  t.same(fetches.begun, [1, 2, 3, 4, 5, 6])
  for (const item of [6, 5, 3]) fetches.end(item)
  t.same(
    fetches.taken,
    [1, 2, 3, 4, 5, 6].map(item => `fetched ${item}`),
  )
  t.equal(fetches.done, null)
  t.end()
})

void t.test('after an error nothing is begun, what lies before it is taken, and what is under way is waited for', t => {
  const fetches = new Fetches([1, 2, 3, 4, 5, 6])
  const error = new Error('no')
  fetches.end(1)
  fetches.end(4, new Error('later'))
  fetches.end(3, error)
  t.same([fetches.taken, fetches.begun], [['fetched 1'], [1, 2, 3, 4, 5]])
  fetches.end(2)
  t.same(
    [fetches.taken, fetches.begun],
    [
      ['fetched 1', 'fetched 2'],
      [1, 2, 3, 4, 5],
    ],
  )
  t.equal(fetches.done, undefined)
  fetches.end(5)
  t.equal(fetches.done, error)
  t.end()
})

void t.test('nothing to fetch, and what is there at once', t => {
  t.equal(new Fetches([]).done, null)
  const taken: number[] = []
  let ends = 0
  eachFetched<number, number>(
    [1, 2, 3, 4, 5, 6, 7],
    (item, got) => got(null, item),
    item => void taken.push(item),
    () => ends++,
  )
  t.same([taken, ends], [[1, 2, 3, 4, 5, 6, 7], 1])
  t.end()
})
