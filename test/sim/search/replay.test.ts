/** Actions as text: parsed to what they were, told in words, refused when they cannot be meant. */
import t from 'tap'
import { actionText, actionWords, parseAction, replay } from '../../../src/sim/search/replay.js'

const everyKind =
  's1 d1>2:V1@1,0.0 d2>1:v1@1+ p1 k1>2:A1,0.0,c0,r0[1]m0 b1>3:V1@1,0.0 h1 o1 w1 r1 c2.1 t1.3 x2>1:a1,1,m0,0.0,r0'

void t.test('an action reads as it was written', t => {
  const { space, actions, breach } = replay(
    { budgets: {}, disk: 'later' },
    everyKind.replace(' x2>1:a1,1,m0,0.0,r0', ''),
  )
  t.equal(breach, null)
  t.equal(`${actions.map(action => actionText(space, action)).join(' ')} x2>1:a1,1,m0,0.0,r0`, everyKind)
  const words = actions.map(action => actionWords(space, action))
  t.match(words[0], 'S1: the election timeout passes')
  t.match(words[1], 'S2 receives: RequestVote for term 1, log ends (0, term 0) (S1 to S2)')
  t.match(words[4], 'S2 receives a copy: AppendEntries of term 1: entry (1, term 1) after (0, term 0)')
  t.match(words[10], 'S2 crashes, 1 of its writes under way are durable')
  t.equal(new Set(words).size, words.length)
  t.end()
})

void t.test('the beginning of a message is enough where it is the only one', t => {
  const { space, state } = replay({ budgets: {} }, 's1')
  t.equal(parseAction(space, state, 'd1>2'), parseAction(space, state, 'd1>2:V1@1,0.0'))
  t.throws(() => parseAction(space, state, 'd1>'), /2 such messages are under way/)
  t.throws(() => parseAction(space, state, 'd3>1'), /0 such messages are under way/)
  t.throws(() => parseAction(space, state, 'q1'), /is no action/)
  t.throws(() => parseAction(space, state, 's4'), /there is no such server/)
  t.end()
})
