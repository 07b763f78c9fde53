import { spawn, type ChildProcess } from 'node:child_process'
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { Type, type TSchema, type Static } from 'typebox'
import { Value } from 'typebox/value'

const project = fileURLToPath(new URL('../../../../examples/web-shop', import.meta.url))
const refit = fileURLToPath(new URL('../../../src/cli/main.js', import.meta.url))
const START_DEADLINE_MS = 120_000

/** The example project in a fresh folder, run by `refit up` as anybody would run it. */
export interface Shop {
  readonly folder: string
  readonly controlUrl: string
  readonly servingUrl: string
  /** Resolves when `refit up` has ended by itself. */
  readonly ended: Promise<void>
  stop(): Promise<void>
}

export async function openShop(): Promise<Shop> {
  const folder = mkdtempSync(join(tmpdir(), 'refit-demo-'))
  for (const part of ['refit.config.ts', 'models']) cpSync(join(project, part), join(folder, part), { recursive: true })
  // The usual ports where they are free, so that the curl lines look as they will at home.
  const ports = ['--control-port', String(await freePort(7700)), '--serving-port', String(await freePort(7800))]
  const child = spawn(process.execPath, [refit, 'up', '--project', folder, ...ports], { stdio: ['ignore', 'inherit', 'inherit'] })
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => resolve())
  })
  try {
    const controlUrl = await addressOf(child, folder)
    const { servingUrl } = await get(Type.Object({ servingUrl: Type.String() }), `${controlUrl}/api/v1/project`)
    return { folder, controlUrl, servingUrl, ended, stop: () => close(child, ended, folder) }
  } catch (error) {
    await close(child, ended, folder)
    throw error
  }
}

/** One JSON answer, checked. */
export async function get<S extends TSchema>(schema: S, url: string): Promise<Static<S>> {
  const answer = await fetch(url)
  return Value.Parse(schema, await answer.json())
}

async function close(child: ChildProcess, ended: Promise<void>, folder: string): Promise<void> {
  child.kill('SIGTERM')
  await ended
  rmSync(folder, { recursive: true, force: true })
}

/** `refit up` has written down where it listens, as soon as it does. */
async function addressOf(child: ChildProcess, folder: string): Promise<string> {
  const deadline = Date.now() + START_DEADLINE_MS
  for (;;) {
    if (child.exitCode !== null || Date.now() > deadline) throw new Error('Refit did not start.')
    const status = spawn(process.execPath, [refit, 'status', '--json', '--project', folder], { stdio: ['ignore', 'pipe', 'ignore'] })
    let text = ''
    status.stdout.on('data', (chunk: Buffer) => {
      text += chunk.toString()
    })
    const code = await new Promise<number | null>((resolve) => {
      status.once('close', resolve)
    })
    if (code === 0) return Value.Parse(Type.Object({ url: Type.String() }), JSON.parse(text)).url
    await delay(200)
  }
}

async function freePort(wanted: number): Promise<number> {
  const server = createServer()
  return new Promise((resolve) => {
    server.once('error', () => resolve(0))
    server.listen(wanted, '127.0.0.1', () => server.close(() => resolve(wanted)))
  })
}
