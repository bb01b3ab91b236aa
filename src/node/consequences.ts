/**
 * What follows from the facts of a turn is carried out in the order of the durability contract (raft/ready.ts): the hard state
 * first, and nothing before it is durable; messages, so that peers work while this disk does; the log; snapshots; then what
 * is committed is executed, and reads are answered.
 */
import type { Raft } from '../raft/raft.js'
import type { Ready } from '../raft/types.js'
import type { AppendMeta } from '../storage/log-writer.js'
import type { Storage } from '../storage/storage.js'
import type { TransportApi } from '../transport/types.js'
import type { ClientService } from './client-service.js'
import type { Ending } from './ending.js'
import type { Reporter } from './reporter.js'
import type { SnapshotService } from './snapshot-service.js'
import type { TurnSchedule } from './turn-schedule.js'

interface Parts {
  readonly raft: Pick<Raft, 'currentTerm' | 'commitIndex'>
  readonly storage: Pick<Storage, 'saveHardState' | 'append'>
  readonly transport: Pick<TransportApi, 'peer' | 'send' | 'flush'>
  readonly clients: Pick<ClientService, 'apply' | 'confirmReads' | 'loseReads'>
  readonly snapshots: Pick<SnapshotService, 'store' | 'install' | 'applied'>
  readonly reporter: Reporter
  readonly turns: Pick<TurnSchedule, 'schedule'>
  readonly ending: Pick<Ending, 'guard'>
}

export class Consequences {
  private readonly parts: Parts
  private isSaving = false

  constructor(parts: Parts) {
    this.parts = parts
  }

  /** Nothing may follow from any fact until it is durable. */
  get isSavingHardState(): boolean {
    return this.isSaving
  }

  /** False: its hard state is being saved. The rest follows when that is durable, and then there is another turn. */
  carryOut(ready: Ready): boolean {
    const { raft, storage, reporter, turns, ending } = this.parts
    for (const report of ready.reports) reporter.report(report)
    // As of this ready: while its hard state is saved facts go on to arrive, and the next term may not be durable.
    const { currentTerm, commitIndex } = raft
    const meta: AppendMeta = { currentTerm, commitIndex }
    if (ready.hardState === null) {
      this.carryOutRest(ready, meta)
      return true
    }
    this.isSaving = true
    storage.saveHardState(ready.hardState, () =>
      ending.guard(() => {
        this.isSaving = false
        this.carryOutRest(ready, meta)
        turns.schedule()
      }),
    )
    return false
  }

  private carryOutRest(ready: Ready, meta: AppendMeta): void {
    const { storage, transport, clients, snapshots } = this.parts
    for (const { to, message } of ready.messages) {
      const link = transport.peer(to)
      if (link !== undefined) transport.send(link, message)
    }
    if (ready.append !== null) storage.append(ready.append.writeId, ready.append.entries, meta)
    if (ready.snapshotChunks.length > 0) snapshots.store(ready.snapshotChunks)
    if (ready.install !== null) snapshots.install(ready.install, meta)
    if (ready.committed.length > 0) {
      // Peers and disks go on working while this server executes commands.
      transport.flush()
      for (const entry of ready.committed) {
        clients.apply(entry)
        snapshots.applied(entry)
      }
    }
    clients.confirmReads(ready.reads)
    clients.loseReads(ready.readsLost)
  }
}
