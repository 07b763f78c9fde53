import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, afterEach, before, describe, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { startEmbeddedServer, stopEmbeddedServer, type EmbeddedServer } from '../../src/database/embedded/server.js'
import { preparePlace } from '../../src/database/embedded/place.js'
import { startTimeOf } from '../../src/processes/proc.js'
import { childrenOf } from '../support/living-processes.js'

describe("a killed PostgreSQL whose remains are in the way of its successor's start", () => {
  let folder: string
  let server: EmbeddedServer | undefined

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'refit-server-'))
    await chmod(folder, 0o755)
  })
  afterEach(async () => {
    await server?.release()
    server = undefined
  })
  after(async () => {
    await stopEmbeddedServer(folder)
    await rm(folder, { recursive: true, force: true })
  })

  const serverId = async (): Promise<number> => {
    const { dataFolder } = await preparePlace(folder)
    return Number((await readFile(join(dataFolder, 'postmaster.pid'), 'utf8')).split('\n')[0])
  }

  test('a process of it that still holds its memory: the server is started until it stays', async () => {
    server = await startEmbeddedServer(folder)
    const former = await serverId()
    const [held, ...others] = await childrenOf(former)
    assert.ok(held !== undefined)
    process.kill(held, 'SIGSTOP')
    process.kill(former, 'SIGKILL')
    await gone([former, ...others])
    const revived = server.revive()
    // Long enough for a first start to be refused.
    await delay(1500)
    process.kill(held, 'SIGCONT')
    await revived
    assert.notEqual(await serverId(), former)
  })

  test('its parent does not ask after it: the server is started all the same', async (t) => {
    const entry = new URL('../../src/database/embedded/server.js', import.meta.url).href
    const program = `const { startEmbeddedServer } = await import('${entry}'); await startEmbeddedServer('${folder}'); console.log('up')`
    const parent = spawn(process.execPath, ['--input-type=module', '-e', program], { stdio: ['ignore', 'pipe', 'inherit'] })
    t.after(() => parent.kill('SIGKILL'))
    await once(parent.stdout, 'data')
    const former = await serverId()
    parent.kill('SIGSTOP')
    process.kill(former, 'SIGKILL')
    await gone([former])
    server = await startEmbeddedServer(folder)
    assert.notEqual(await serverId(), former)
  })
})

async function gone(pids: readonly number[]): Promise<void> {
  for (const pid of pids) while ((await startTimeOf(pid)) !== undefined) await delay(5)
}
