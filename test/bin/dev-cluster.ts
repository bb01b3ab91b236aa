/** A cluster as a user starts it, `raftgram dev`, on ports that are free now. */
import { join } from 'node:path'
import type { Test } from 'tap'
import { freePorts } from '../../bin/local-cluster.js'
import { Program, raftgram } from '../process/program.js'
import { temporaryDirectory } from '../process/rig.js'

export interface DevServer {
  readonly id: number
  readonly address: string
  readonly pid: number
}

export interface DevCluster {
  readonly program: Program
  readonly directory: string
  readonly port: number
  readonly leaderId: number
  readonly servers: readonly DevServer[]
  /** As the environment of client commands. */
  readonly environment: { readonly RAFTGRAM_ENDPOINTS: string }
}

const attemptsMax = 20

/** Three servers with an elected leader. Consecutive ports cannot be had from the kernel, so where one is taken others are tried. */
export async function startDev(t: Test, options: readonly string[] = []): Promise<DevCluster> {
  const directory = await temporaryDirectory(t)
  for (let attempt = 1; ; attempt++) {
    const [port = 0] = await freePorts(1)
    const where = ['--port', String(Math.min(port, 65_533)), '--data', join(directory, String(attempt))]
    const program = new Program(t, [...raftgram, 'dev', '--json', ...where, ...options])
    // Killed, it would leave its servers writing, for a moment, into a directory that is being removed.
    t.teardown(() => {
      program.signal('SIGTERM')
      return program.ended
    })
    try {
      const ready = JSON.parse(await program.line()) as { leaderId: number; servers: DevServer[] }
      const environment = { RAFTGRAM_ENDPOINTS: ready.servers.map(({ address }) => address).join(',') }
      return { program, directory: join(directory, String(attempt)), port, ...ready, environment }
    } catch (error) {
      if (attempt === attemptsMax || !program.complaints.includes('in use')) throw error
    }
  }
}
