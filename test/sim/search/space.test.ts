/** States: the same whichever way led to them, and hashed by what they are. */
import t from 'tap'
import type { SearchOptions } from '../../../src/sim/search/options.js'
import { replay } from '../../../src/sim/search/replay.js'

const options: SearchOptions = { budgets: {}, disk: 'later' }

function hashAfter(actions: string, some: SearchOptions = options): string {
  const { space, state, breach } = replay(some, actions)
  if (breach !== null) throw new Error(breach.what)
  const hash = { low: 0, high: 0 }
  space.hashOf(state, hash)
  return `${hash.low}/${hash.high}`
}

void t.test('equal actions lead to an equal hash', t => {
  const actions = 's1 d1>2:V d2>1:v p1 d1>2:A w2 d2>1:a w1 c3.0 d1>3:V h1'
  t.equal(hashAfter(actions), hashAfter(actions))
  t.end()
})

void t.test(
  'steps of different servers in another order lead to an equal hash, though numbers are given otherwise',
  t => {
    t.equal(hashAfter('s1 d1>2:V d1>3:V'), hashAfter('s1 d1>3:V d1>2:V'))
    t.equal(hashAfter('s1 s2 d1>3:V'), hashAfter('s2 s1 d1>3:V'))
    t.equal(hashAfter('s1 d1>2:V d2>1:v d1>2:A w1 w2'), hashAfter('s1 d1>2:V d2>1:v d1>2:A w2 w1'))
    t.end()
  },
)

void t.test('states that differ in one thing only have other hashes', t => {
  const lead = 's1 d1>2:V d2>1:v'
  const ways = [
    '',
    's1',
    's2',
    's1 d1>2:V',
    's1 d1>3:V',
    lead,
    `${lead} p1`,
    `${lead} w1`,
    `${lead} c1.0`,
    `${lead} c1.1`,
  ]
  ways.push('s1 x1>2:V', 's1 k1>2:V', 's1 b1>2:V', `${lead} t1.2`, `${lead} r1`, 'h1', 'o1')
  const hashes = ways.map(actions => hashAfter(actions))
  t.equal(new Set(hashes).size, ways.length)
  t.end()
})

void t.test('a full link loses its most outdated message, whatever the order of sending', t => {
  const textsAfter = (actions: string, linkMessagesMax: number) => {
    const { space, state } = replay({ budgets: {}, linkMessagesMax }, actions)
    return space.messagesOf(state).map(message => space.message(message).text)
  }
  t.same(textsAfter('s1 s1', 2).length, 4)
  t.same(textsAfter('s1 s1', 1).sort(), ['1>2:V2@2,0.0', '1>3:V2@2,0.0'])
  t.end()
})

void t.test('an equal message sent again is the one that is under way', t => {
  const count = (actions: string) => {
    const { space, state } = replay({ budgets: {} }, actions)
    return space.messagesOf(state).length
  }
  t.equal(count('s1 h1'), count('s1'))
  t.equal(count('s1 x1>2:V h1'), count('s1'))
  t.end()
})

void t.test('a copy arrives and stays, a lost message does neither', t => {
  const after = (action: string) => {
    const { space, state } = replay({ budgets: {} }, `s1 ${action}`)
    const texts = space.messagesOf(state).map(message => space.message(message).text)
    return [texts.includes('1>2:V1@1,0.0'), texts.includes('2>1:v1@1+')]
  }
  t.same(after('d1>2:V'), [false, true])
  t.same(after('k1>2:V'), [true, true])
  t.same(after('x1>2:V'), [false, false])
  t.end()
})
