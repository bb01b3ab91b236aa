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
    name: 'recovery leaves what is torn behind the end of the log',
    why:
      'changes nothing with one write in flight: what is left of the torn batch holds no whole batch, and the next one is ' +
      'written over its header. To append behind it is found (recovery appends after the torn tail)',
  },
  {
    name: 'an installed snapshot vouches for what follows it',
    why:
      'changes nothing: whoever is sent a snapshot lacks its last entry, or had it from this very leader: nextIndex falls no ' +
      'lower than to where the logs part. So a log that holds that entry goes on with entries of this leader',
  },
  {
    name: 'a vote counts of whoever gives it',
    why:
      'changes nothing: who is not admitted gives no vote to a candidate with a log (a server that lost its disk votes), and ' +
      'whoever is admitted remembers the votes that it gave, also where the log of the candidate does not name it yet',
  },
  {
    name: 'a late word of a lost disk is heard',
    why:
      'needs more than comes together within a search: the next disk is retired for the sake of that word and the lost one ' +
      'admitted, with no word of the next between. Before the core the transport drops it (datagrams of a former boot are taken)',
  },
  {
    name: 'a server is admitted before its former disk is retired',
    why:
      'not found within the bounds of the searches: the messages that lead to where vote-lost begins are not those of a ' +
      'program with this edit, and from the founding on it lies too deep. With no retirement at all it is found (one entry admits)',
  },
  {
    name: 'a server counts before it holds the entry that admits it',
    why: 'not found within the bounds of the search admission: what it acknowledged it holds, and it votes only once it holds that entry',
  },
  {
    name: 'a server votes before the entry that admits it is durable',
    why:
      'in the searches of admission a disk is done at once, and no seed met a crash between such a vote and the end of ' +
      'the write under way',
  },
  {
    name: 'who a replaced entry admitted stays admitted',
    why: 'not found within the bounds of the search admission: an entry that admits has to be replaced by one that names nobody, and to be relied on',
  },
]
