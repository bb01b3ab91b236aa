import t from 'tap'
import { Prng } from '../../src/base/prng.js'
import { Session } from '../../src/session/session.js'
import { UsageOrder } from '../../src/session/usage-order.js'

void t.test('the order of use, as an array would keep it', t => {
  const prng = new Prng(1)
  const order = new UsageOrder()
  const model: Session[] = []
  t.equal(order.oldest, null)
  for (let step = 1; step <= 2_000; step++) {
    const at = prng.below(model.length)
    const session = model[at]
    const kind = prng.below(4)
    if (session === undefined || (kind === 0 && model.length < 20)) {
      const added = new Session(step, step)
      order.append(added)
      model.push(added)
    } else if (kind === 1) {
      order.remove(session)
      model.splice(at, 1)
    } else {
      order.touch(session)
      model.push(...model.splice(at, 1))
    }
    const ids: number[] = []
    for (let next = order.oldest; next !== null; next = next.newer) ids.push(next.id)
    t.same(
      ids,
      model.map(({ id }) => id),
    )
  }
  t.end()
})
