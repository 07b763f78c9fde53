import { sql } from 'kysely'
import { Type } from 'typebox'
import { Value } from 'typebox/value'
import type { Database } from '../database/schema.js'
import { textOf } from './entries.js'
import { invalid } from './refusals.js'
import { getWritableRun, type Writer } from './runs.js'

/** The tag in which clients before MLflow 3 look for the models of a run: a JSON list of what each said. */
export const HISTORY_TAG = 'mlflow.log-model.history'

const Model = Type.Object({ artifact_path: Type.String(), flavors: Type.Object({}), utc_time_created: Type.String(), run_id: Type.String() })
const History = Type.Array(Type.Unknown())

/** Notes that a client before MLflow 3 has logged a model in a run. @throws RefitError `tracking-missing`, `tracking-invalid` */
export async function recordModel(database: Database, run: string, modelJson: string, by: Writer): Promise<void> {
  const model = parse(modelJson)
  const absent = Object.keys(Model.properties).filter((name) => typeof model !== 'object' || model === null || !Object.hasOwn(model, name))
  if (absent.length > 0) throw invalid(`Model json is missing mandatory fields: ${absent.join(', ')}`)
  if (!Value.Check(Model, model)) throw invalid('Model json has a field of another type than it should.')
  await database.transaction().execute(async (transaction) => {
    const { number } = await getWritableRun(transaction, run, by)
    // Two models that are logged at once must not forget each other.
    await sql`select from tracking.runs where number = ${number} for update`.execute(transaction)
    const { rows } = await sql<{ value: string }>`select value from tracking.tags where run = ${number} and key = ${HISTORY_TAG}`.execute(transaction)
    const present = rows[0] === undefined ? [] : parse(rows[0].value)
    const history = [...(Value.Check(History, present) ? present : []), model]
    await sql`
      insert into tracking.tags (run, key, value) values (${number}, ${HISTORY_TAG}, ${textOf(JSON.stringify(history))})
      on conflict (run, key) do update set value = excluded.value`.execute(transaction)
  })
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw invalid(`Malformed model info. \n ${text.slice(0, 200)} \n could not be parsed as JSON.`)
  }
}
