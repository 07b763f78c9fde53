import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { mkdtemp, readFile, realpath, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { RefitError } from '../../src/errors.js'
import type { Executor, Task } from '../../src/executors/executor.js'

/** What every executor does. */
export function testExecutor(executor: Executor): void {
  const named = (behaviour: string): string => `${executor.kind}: ${behaviour}`
  const never = new AbortController().signal

  test(named('a task runs to its end, and its exit code is told'), async (context) => {
    const desk = await newDesk(context, executor)
    assert.deepEqual(await executor.run(desk.shell('exit 0'), never), { kind: 'exited', code: 0 })
    assert.deepEqual(await executor.run(desk.shell('exit 3'), never), { kind: 'exited', code: 3 })
    assert.deepEqual(await executor.run(desk.shell('kill -9 $$'), never), { kind: 'killed', signal: 'SIGKILL' })
  })

  test(named('both outputs are appended to the log'), async (context) => {
    const desk = await newDesk(context, executor)
    await executor.run(desk.shell('echo first'), never)
    await executor.run(desk.shell('echo second; echo a warning >&2; exit 1'), never)
    assert.equal(await readFile(desk.logFile, 'utf8'), 'first\nsecond\na warning\n')
  })

  test(named('a task sees its own environment, arguments and working folder, and nothing of ours'), async (context) => {
    const desk = await newDesk(context, executor)
    const script = 'console.log(JSON.stringify([process.env, process.argv[1], process.cwd()]))'
    const task = { ...desk.node(script), environment: { GREETING: 'grüß "Gott"\n$HOME' } }
    await executor.run({ ...task, arguments: [...task.arguments, 'an argument; with * signs'] }, never)
    assert.deepEqual(JSON.parse(await readFile(desk.logFile, 'utf8')), [{ GREETING: 'grüß "Gott"\n$HOME', REFIT_PROCESS: task.token }, 'an argument; with * signs', desk.folder])
  })

  test(named('a task that takes too long is ended, detached grandchildren too, and its log is kept'), async (context) => {
    const desk = await newDesk(context, executor)
    const task = desk.node(`console.log('so far'); ${desk.detachedGrandchild} setInterval(() => {}, 1000)`)
    assert.deepEqual(await executor.run({ ...task, limits: { ...task.limits, milliseconds: 1000 } }, never), { kind: 'timeout' })
    assert.equal(await readFile(desk.logFile, 'utf8'), 'so far\n')
    await desk.allEnded()
  })

  test(named('a task is ended when it and its children together take too much memory'), async (context) => {
    const desk = await newDesk(context, executor)
    const greedy = `${desk.note} globalThis.kept = Buffer.alloc(150_000_000, 1); setInterval(() => {}, 1000);`
    const task = desk.node(`require('node:child_process').spawn(process.execPath, ['-e', ${JSON.stringify(greedy)}]); ${greedy}`)
    const end = await executor.run({ ...task, limits: { ...task.limits, memoryBytes: 300_000_000 } }, never)
    assert.equal(end.kind, 'memory')
    assert.ok(end.bytes > 300_000_000)
    await desk.allEnded()
  })

  test(named('cancelling ends a task with detached grandchildren that ignore the request'), async (context) => {
    const desk = await newDesk(context, executor)
    const cancel = new AbortController()
    const running = executor.run(desk.node(`process.on('SIGTERM', () => {}); ${desk.note} ${desk.detachedGrandchild} setInterval(() => {}, 1000)`), cancel.signal)
    await desk.started(3)
    cancel.abort()
    assert.deepEqual(await running, { kind: 'cancelled' })
    await desk.allEnded()
  })

  test(named('a task that is cancelled before it has started does not run'), async (context) => {
    const desk = await newDesk(context, executor)
    assert.deepEqual(await executor.run(desk.shell('sleep 600'), AbortSignal.abort()), { kind: 'cancelled' })
    const cancel = new AbortController()
    const running = executor.run(desk.shell('sleep 600'), cancel.signal)
    cancel.abort()
    assert.deepEqual(await running, { kind: 'cancelled' })
  })

  test(named('what a task leaves running when it exits is ended'), async (context) => {
    const desk = await newDesk(context, executor)
    const task = desk.node(`${desk.detachedGrandchild} const wait = setInterval(() => { if (ready()) { clearInterval(wait); process.exit(7) } }, 10)
      function ready() { try { return require('node:fs').readFileSync('pids', 'utf8').split('\\n').length === 3 } catch { return false } }`)
    assert.deepEqual(await executor.run(task, never), { kind: 'exited', code: 7 })
    await desk.allEnded()
  })

  test(named('a descendant that has emptied its environment ends with its task'), async (context) => {
    const desk = await newDesk(context, executor)
    const task = desk.shell('env -i sh -c \'echo $$ >> pids; exec sleep 600\' & while [ ! -s pids ]; do sleep 0.05; done; exit 3')
    assert.deepEqual(await executor.run(task, never), { kind: 'exited', code: 3 })
    await desk.allEnded()
  })

  test(named('endAll ends everything below a prefix, however detached, and nothing else'), async (context) => {
    const [ours, theirs] = [await newDesk(context, executor), await newDesk(context, executor)]
    const script = (desk: Desk): string => `${desk.note} ${desk.detachedGrandchild} setInterval(() => {}, 1000)`
    const [running, others] = [executor.run(ours.node(script(ours)), never), executor.run(theirs.node(script(theirs)), never)]
    await ours.started(3)
    await theirs.started(3)
    // The one between has ended by itself.
    assert.equal(await executor.endAll(ours.prefix), 2)
    assert.equal((await running).kind, 'killed')
    await ours.allEnded()
    assert.equal(await executor.endAll(theirs.prefix), 2)
    await others
  })

  test(named('a command that cannot be started is refused, with the reason'), async (context) => {
    const desk = await newDesk(context, executor)
    const task = desk.shell('exit 0')
    const impossible = [
      { ...task, command: 'refit-no-such-command' },
      { ...task, command: desk.folder },
      { ...task, workingFolder: join(desk.folder, 'missing') },
      { ...task, arguments: ['-c', `: ${'x'.repeat(4_000_000)}`] },
      { ...task, arguments: ['a\0b'] },
    ]
    for (const each of impossible) {
      await assert.rejects(executor.run(each, never), (error) => error instanceof RefitError && error.code === 'command-not-started' && error.message.includes(each.command))
    }
  })
}

/** A folder to work in, and tasks whose processes write their ids into its file `pids`. */
interface Desk {
  readonly folder: string
  readonly logFile: string
  readonly prefix: string
  /** JavaScript that notes the id of its process. */
  readonly note: string
  /** JavaScript that starts a child, which notes itself and ends, and a grandchild in a session of its own that ignores SIGTERM and notes itself once it is alone. */
  readonly detachedGrandchild: string
  shell(script: string): Task
  node(script: string): Task
  /** Resolves when that many processes have noted themselves. */
  started(count: number): Promise<void>
  /** Fails if one of the desk's processes is still running. */
  allEnded(): Promise<void>
}

async function newDesk(context: TestContext, executor: Executor): Promise<Desk> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'refit-executor-')))
  const prefix = `${randomUUID()}/`
  context.after(async () => {
    await executor.endAll(prefix)
    await rm(folder, { recursive: true, force: true })
  })
  const task: Omit<Task, 'command' | 'arguments'> = {
    environment: { PATH: process.env['PATH'] ?? '' },
    workingFolder: folder,
    token: `${prefix}run-1/train/1`,
    limits: { milliseconds: 60_000, memoryBytes: 2_000_000_000 },
    logFile: join(folder, 'logs', 'attempt.log'),
  }
  const note = "require('node:fs').appendFileSync('pids', process.pid + '\\n');"
  const grandchild = `process.on('SIGTERM', () => {});
    const orphaned = setInterval(() => { if (process.ppid !== Number(process.argv[1])) { clearInterval(orphaned); ${note} } }, 10); setInterval(() => {}, 1000);`
  const child = `${note} require('node:child_process').spawn(process.execPath, ['-e', ${JSON.stringify(grandchild)}, String(process.pid)], { detached: true, stdio: 'ignore' }).unref();`
  const pids = async (): Promise<readonly number[]> => (await readFile(join(folder, 'pids'), 'utf8').catch(() => '')).split('\n').slice(0, -1).map(Number)
  return {
    folder,
    logFile: task.logFile,
    prefix,
    note,
    detachedGrandchild: `require('node:child_process').spawn(process.execPath, ['-e', ${JSON.stringify(child)}], { detached: true, stdio: 'ignore' }).unref();`,
    shell: (script) => ({ ...task, command: '/bin/sh', arguments: ['-c', script] }),
    node: (script) => ({ ...task, command: process.execPath, arguments: ['-e', script] }),
    started: async (count) => {
      while ((await pids()).length < count) await delay(10)
    },
    allEnded: async () => {
      for (const pid of await pids()) assert.ok(!(await isRunning(pid)), `process ${pid} is still running`)
      assert.equal(await executor.endAll(prefix), 0)
    },
  }
}

/** A process that has ended may wait for somebody to take its exit code. */
async function isRunning(pid: number): Promise<boolean> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => 'State:\tX')
  return !/^State:\s+[ZX]/m.test(status)
}
