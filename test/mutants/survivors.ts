/** Mutants that nothing finds, and why. Whoever finds one takes it out of here. */
import type { Survivor } from './mutant.js'

export const survivors: readonly Survivor[] = [
  {
    name: 'a leader votes for others',
    why:
      'changes nothing here: the log of a leader ends with an entry of its own term, so no candidate of that term is up ' +
      'to date, and the check of logs refuses what the check of roles would have',
  },
  {
    name: 'waiters of a lost leadership are kept',
    why:
      'only a delay: whatever is committed at their index in another term ends them, and clients ask again meanwhile. ' +
      'Without the comparison of terms as well it is found (waiters are kept by index only)',
  },
  {
    name: 'the older slot is believed',
    why: 'changes nothing: a save is told of after both slots are written, so an older slot is one save behind that nobody relied on',
  },
  {
    name: 'all segments have one salt',
    why: 'changes nothing yet: no file is used for a second segment before logs are compacted, so there are no old bytes to be told apart',
  },
  {
    name: 'recovery leaves what is torn behind the end of the log',
    why:
      'changes nothing with one write in flight: what is left of the torn batch holds no whole batch, and the next one is ' +
      'written over its header. To append behind it is found (recovery appends after the torn tail)',
  },
]
