import t from 'tap'
import { Prng } from '../../src/base/prng.js'
import { FinishedMessages, rememberedMax } from '../../src/transport/finished-messages.js'
import { deafMsMax } from '../../src/transport/sender-boots.js'

void t.test('what is over is known, in whatever order it ended', t => {
  const finished = new FinishedMessages()
  const random = new Prng(1, 1)
  const inOrder = Array.from({ length: rememberedMax }, (_, at) => ({ id: 10 + 3 * at, place: random.fraction() }))
  const ids = inOrder.sort((a, b) => a.place - b.place).map(({ id }) => id)
  for (const id of ids) {
    t.notOk(finished.has(id))
    finished.add(id)
    finished.add(id)
    if (!finished.has(id)) t.fail(`${id} was added`)
  }
  for (const id of ids) if (!finished.has(id) || finished.has(id - 1) || finished.has(id + 1)) t.fail(`around ${id}`)
  t.end()
})

void t.test('memory is bounded: the oldest become a mark below which everything is over', t => {
  const finished = new FinishedMessages()
  for (let id = 2; id <= 2 * rememberedMax; id += 2) finished.add(id)
  t.notOk(finished.has(1))
  t.notOk(finished.has(5))
  finished.add(2 * rememberedMax + 2)
  t.ok(finished.has(1), 'older than all that are known')
  t.ok(finished.has(2))
  t.notOk(finished.has(3))
  t.ok(finished.has(4))
  finished.add(3)
  t.ok(finished.has(3), 'the lowest goes at once, and is still over')
  t.notOk(finished.has(5))
  t.end()
})

void t.test('a new sender has finished nothing', t => {
  const finished = new FinishedMessages()
  for (let id = 1; id <= rememberedMax + 9; id++) finished.add(id)
  finished.clear()
  for (const id of [1, 9, rememberedMax]) t.notOk(finished.has(id))
  t.end()
})

void t.test('regression_forged_ids_far_beyond_all_true_ones_do_not_end_every_message_until_a_restart', t => {
  const finished = new FinishedMessages()
  const [first, farOff] = [1_000, Number.MAX_SAFE_INTEGER - rememberedMax - 1]
  t.notOk(finished.isOver(first, 0))
  finished.add(first)
  for (let id = farOff; id <= farOff + rememberedMax; id++) {
    if (finished.isOver(id, 5)) t.fail(`${id} is new`)
    finished.add(id)
  }
  t.ok(finished.isOver(first + 1, 6), 'nothing tells it from an old one')
  t.ok(finished.isOver(first + 1, 5 + deafMsMax - 1))
  t.notOk(finished.isOver(first + 2, 5 + deafMsMax), 'nothing but such was heard for a while')
  finished.add(first + 2)
  t.ok(finished.isOver(first + 2, 5 + 2 * deafMsMax), 'known one by one: over, however long ago')
  t.notOk(finished.isOver(first + 3, 5 + 2 * deafMsMax))
  t.end()
})
