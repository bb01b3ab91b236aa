/** Mutants of storage and transport. */
import { mutant, type Mutant } from '../mutant.js'

const hardState = 'src/storage/hard-state.js'
const recovery = 'src/storage/recovery.js'
const segments = 'src/storage/segments.js'
const writer = 'src/storage/log-writer.js'
const replay = 'src/storage/replay.js'
const walk = 'src/storage/segment-walk.js'
const create = 'src/storage/create.js'

export const storageMutants: readonly Mutant[] = [
  mutant(
    'one slot holds the hard state',
    'K16: written in place, a crash tears it',
    hardState,
    'this.writeSlots([0, 1], done);',
    'this.writeSlots([0], done);',
  ),
  mutant(
    'both saves have one number',
    'the newer of two slots is known by its number',
    hardState,
    'sequence: this.slot.sequence + 1, hardState',
    'sequence: this.slot.sequence, hardState',
  ),
  mutant(
    'the older slot is believed',
    'the newer of two slots holds',
    hardState,
    'return { current: newer, intact',
    'return { current: older, intact',
  ),
  mutant(
    'hard state is called durable before it is written',
    'durability contract 1 (etcd 14370)',
    'src/storage/storage.js',
    'this.hardState.save(hardState, error => {',
    'this.durableTerm = hardState.currentTerm; done(); done = () => undefined; this.hardState.save(hardState, error => {',
  ),
  mutant(
    'queued entries are called durable',
    'durability contract 4 (tikv 994)',
    writer,
    'this.writes[count].endsAt <= this.entriesWritten',
    'true',
  ),
  mutant(
    'entries are called durable when their write begins',
    'durability contract 4 (etcd 14143)',
    writer,
    'this.file.write(this.offset, this.staging.subarray(0, bytes), error => {',
    `this.entriesWritten += entries.length; this.reportPersisted(); this.entriesWritten -= entries.length;
     this.file.write(this.offset, this.staging.subarray(0, bytes), error => {`,
  ),
  mutant(
    'a failed write is taken for a good one',
    'K17, K18 (PostgreSQL 2018)',
    writer,
    'else if (error === null) { this.written(entries, bytes, reset);',
    'else if (true) { this.written(entries, bytes, reset);',
  ),
  mutant(
    'a log without seals',
    'K19: the last batch is proven by what follows it',
    writer,
    'this.sealed = entries.length === 0 && reset === null;',
    'this.sealed = true;',
  ),
  mutant(
    'a new segment is named without syncing the directory',
    'a name is durable once its directory is synced (etcd 6368)',
    segments,
    'next => disk.syncDirectory(paths.log, next),',
    '',
  ),
  mutant(
    'a directory is founded without syncing it',
    'a name is durable once its directory is synced',
    create,
    'next => disk.syncDirectory(paths.directory, next),',
    '',
  ),
  mutant(
    'recovery does not sync the directory',
    'what a killed process renamed may not be durable',
    recovery,
    'steps.push(next => disk.syncDirectory(paths.log, next));',
    '',
  ),
  {
    name: 'recovery appends after the torn tail',
    breaks: 'F02 (rabbitmq/ra 283, amelie 17)',
    edits: [
      {
        file: recovery,
        find: 'steps.push(next => writeZeros(file, tail.offset, header.segmentBytes, next));',
        replace: '',
      },
      {
        file: recovery,
        find: 'const offset = tail.offset + (unsealed ? seal.length : 0);',
        replace:
          'const offset = tail.offset + Math.ceil((torn?.length ?? 0) / 64) * 64 + (unsealed ? seal.length : 0);',
      },
    ],
  },
  mutant(
    'recovery leaves what is torn behind the end of the log',
    'F02: the torn tail is removed on disk before new appends',
    recovery,
    'steps.push(next => writeZeros(file, tail.offset, header.segmentBytes, next));',
    '',
  ),
  mutant(
    'recovery does not write the last batch again',
    'F01: what a killed process wrote may not be durable',
    recovery,
    'steps.push(next => file.write(last.offset, last.bytes, next));',
    'steps.push(next => next(null));',
  ),
  mutant(
    'damage in the middle is cut off like a torn tail',
    'K19 (FAST 2018, NATS 2.12.1)',
    walk,
    'if (proof === null)',
    'if (true)',
  ),
  mutant(
    'a replaced tail comes back',
    'F14: a truncation is durable with what replaces it',
    replay,
    'if (index <= this.lastIndex) this.entries.truncateFrom(index); this.entries.pushRun(run);',
    `const tail = this.entries.range(index + length, this.lastIndex);
     if (index <= this.lastIndex) this.entries.truncateFrom(index);
     this.entries.pushRun(run);
     const alone = (entry) => ({
       firstIndex: entry.index, term, length: 1, namesServers: false,
       at: () => entry, bytesAt: () => 28 + entry.payload.length, slice: () => alone(entry),
     });
     for (const entry of tail) this.entries.pushRun(alone(entry));`,
  ),
  mutant(
    'recovery loses the last entry',
    'F02: complete records stay',
    'src/storage/open-storage.js',
    'const { entries, baseIndex, baseTerm } = log.replay;',
    'const { entries, baseIndex, baseTerm } = log.replay; if (entries.length > 0) entries.truncateFrom(entries.lastIndex);',
  ),
  mutant(
    'all segments have one salt',
    'old bytes of a file are told from new ones',
    'src/storage/storage.js',
    'return { low: prng.uint32(), high: prng.uint32() };',
    'return { low: 1, high: 1 };',
  ),
  mutant(
    'batches are not checked',
    'F03, U15: nothing is believed without its checksum',
    'codec/batch.js',
    'if (view.getUint32(checksumAt, true) !== expected)',
    'if (false)',
  ),
]

const demultiplexer = 'src/transport/demultiplexer.js'
const boots = 'src/transport/sender-boots.js'

export const transportMutants: readonly Mutant[] = [
  mutant(
    'damaged datagrams are taken',
    'U15: a checksum over all of a datagram',
    'codec/envelope.js',
    'if (view.getUint32(checksumAt, true) !== datagramChecksum(bytes, view, bytes.length))',
    'if (false)',
  ),
  mutant(
    'a datagram is taken twice',
    'Z03: a replay window (RFC 6479)',
    boots,
    'if (!boot.window.accept(packetNumber)) return false;',
    'boot.window.accept(packetNumber);',
  ),
  mutant(
    'datagrams of a former boot are taken',
    'Z03: a boot that was succeeded is not heard again',
    boots,
    'if (this.former.includes(nonce) && !provesLiving) return null;',
    '',
  ),
  mutant(
    'address tokens are not checked',
    'Z01: nothing is done for an address that was not proven (netty CVE-2026-44894)',
    demultiplexer,
    'if (token !== (known?.token ?? tokenOf(from)))',
    'if (false)',
  ),
  mutant(
    'another cluster is listened to',
    'M16: every datagram names its cluster',
    demultiplexer,
    `if (envelope.clusterId !== this.ownClusterId) return 'other-cluster'; const link = links.peers`,
    'const link = links.peers',
  ),
  mutant(
    'what is acknowledged stays in flight',
    'K11: what is counted is what is there',
    'src/transport/sent-packets.js',
    'this.inFlightBytes -= packet.chargedBytes;',
    '',
  ),
  mutant(
    'the window is not asked',
    'RFC 8085 section 3.1: no more in flight than the window',
    'src/transport/send-window.js',
    'if (this.hasRoomForAny) return datagramBytes;',
    'return datagramBytes;',
  ),
  mutant(
    'a missing piece is zeros',
    'U08: a message is delivered whole or not at all',
    'src/transport/reassembly.js',
    'message.pieces.set(index, keepsLittle(bytes) ? bytes : new Uint8Array(bytes));',
    'message.pieces.set(index, index === 1 ? new Uint8Array(bytes.length) : new Uint8Array(bytes));',
  ),
  mutant(
    'reassembly gives nothing back',
    'K11: unfinished messages share a budget',
    'src/transport/reassembly.js',
    'this.budget.charge(this, -chargedBytes);',
    '',
  ),
]
