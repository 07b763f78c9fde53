import { spawn } from 'node:child_process'
import { chmod, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { Type } from 'typebox'
import { Value } from 'typebox/value'
import { stopEmbeddedServer } from '../../src/database/embedded/server.js'

const entry = fileURLToPath(new URL('./user-child.js', import.meta.url))
const Report = Type.Object({ url: Type.String(), name: Type.String() })

/** A process that uses the server of a state folder. */
export interface ServerUser {
  readonly url: string
  /** Names the running server: when it was started, and on which data. */
  readonly name: string
  /** Lets go of the server, and ends. */
  release(): Promise<void>
  /** Dies without a word. */
  kill(): Promise<void>
}

/** Starts such a process, and waits until it has the server. */
export async function startUser(context: TestContext, stateFolder: string): Promise<ServerUser> {
  const child = spawn(process.execPath, ['--enable-source-maps', entry, stateFolder], { stdio: ['pipe', 'pipe', 'inherit'] })
  context.after(() => child.kill('SIGKILL'))
  const ended = new Promise<number | null>((resolve) => {
    child.once('exit', resolve)
  })
  const line = await new Promise<string>((resolve, reject) => {
    createInterface(child.stdout).once('line', resolve)
    child.once('exit', (code) => reject(new Error(`ended with ${code}`)))
  })
  return {
    ...Value.Parse(Report, JSON.parse(line)),
    release: async () => {
      child.stdin.write('let go\n')
      const code = await ended
      if (code !== 0) throw new Error(`ended with ${code}`)
    },
    kill: async () => {
      child.kill('SIGKILL')
      await ended
    },
  }
}

/**
 * A state folder whose server is stopped and removed after the test. With folders given it lies below those, where every
 * account can enter; without, below a closed folder, so that the server of root has to live elsewhere.
 */
export async function newStateFolder(context: TestContext, ...below: readonly string[]): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'refit-server-'))
  const stateFolder = join(folder, ...below, '.refit')
  await mkdir(stateFolder, { recursive: true })
  if (below.length > 0) await chmod(folder, 0o711)
  context.after(async () => {
    await stopEmbeddedServer(stateFolder)
    const elsewhere = await readFile(join(stateFolder, 'postgres-folder'), 'utf8').catch(() => undefined)
    if (elsewhere !== undefined) await rm(elsewhere.trim(), { recursive: true, force: true })
    await rm(folder, { recursive: true, force: true })
  })
  return stateFolder
}
