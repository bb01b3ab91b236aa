import { setImmediate } from 'node:timers/promises'
import t from 'tap'
import { CommonStart } from '../../../bench/loss/common-start.js'

void t.test('nobody begins before all are ready', async t => {
  const start = new CommonStart(2)
  const [a, b] = [start.join(), start.join()]
  let begun = 0
  const first = a.ready().then(() => begun++)
  await setImmediate()
  t.equal(begun, 0)
  const second = b.ready().then(() => begun++)
  await Promise.all([first, second])
  t.equal(begun, 2)
})

void t.test(
  'who fails before it was ready is not waited for; who leaves after it was, is not missed twice',
  async t => {
    const start = new CommonStart(3)
    const [a, b, c] = [start.join(), start.join(), start.join()]
    let begun = 0
    const first = a.ready().then(() => begun++)
    a.leave()
    b.leave()
    await setImmediate()
    t.equal(begun, 0)
    await Promise.all([first, c.ready()])
    t.equal(begun, 1)
  },
)
