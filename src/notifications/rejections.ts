import { sql } from 'kysely'
import { Type } from 'typebox'
import { Value } from 'typebox/value'
import type { Database } from '../database/schema.js'

const Counted = Type.Tuple([Type.Object({ count: Type.Integer() })])

/**
 * How many candidates of a model in a row were rejected, up to an event: since the champion last moved or a candidate
 * last passed the check. Runs that came to no verdict against their candidate (`unchanged`, `inconclusive`, also one that
 * waits for an approval, `failed`, `cancelled`) neither count nor begin anew.
 */
export async function rejectedInARow(database: Database, model: string, cursor: string): Promise<number> {
  const [transaction = '', id = ''] = cursor.split('-')
  const { rows } = await sql`
    with outcomes as (
      select transaction, id, kind, data ->> 'outcome' as outcome, run
      from events
      where model = ${model} and kind in ('run.ended', 'champion.moved') and (transaction, id) <= (${transaction}::text::xid8, ${id}::bigint)
    ), beginning as (
      select transaction, id from outcomes
      where kind = 'champion.moved' or outcome = 'promoted'
        or (outcome = 'awaiting-approval' and not exists (select from runs where runs.id = outcomes.run and runs.verdict ->> 'answer' = 'inconclusive'))
      order by transaction desc, id desc limit 1
    )
    select count(*)::integer as count from outcomes
    where outcome = 'rejected' and (not exists (select from beginning) or (transaction, id) > (select transaction, id from beginning))`.execute(database)
  return Value.Parse(Counted, rows)[0].count
}
