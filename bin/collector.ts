/**
 * How often V8 walks all that lives. It does so when the heap and the arrays beside it have grown by a factor that it
 * chooses, between 1.1 and 4, by the speeds that it measures; a server, which churns through datagrams, is given small
 * ones, and walked its heap twice a second. Fixed at the largest, a put costs a server a twentieth less and the 99th
 * percentile falls by a fifth (measured at 64 outstanding; 20 MiB more in each server).
 */
import { setFlagsFromString } from 'node:v8'

/** Of a process that only serves: the flag is one of the whole process, so a library never sets it. */
export function collectSeldom(): void {
  setFlagsFromString('--heap-growing-percent=300')
}
