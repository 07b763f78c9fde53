import type { Database } from '../database/schema.js'

/** With which ids of answers are made and recognised, in hexadecimal digits: the same for every process and machine of the database. */
export async function predictionKey(database: Database): Promise<string> {
  const { key } = await database.selectFrom('prediction_key').select('key').executeTakeFirstOrThrow()
  return key
}
