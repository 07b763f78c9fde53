import type { StoredModel } from '../define/stored-definition.js'
import { environmentOf } from './python-environment.js'
import type { Rooms } from './run.js'

/** The Python by which a definition trains: what was made by it is opened by it, unless the model says otherwise. @throws RefitError `lock-file-unreadable`, `python-missing` */
export async function trainingInterpreter(rooms: Pick<Rooms, 'trainers' | 'projectFolder' | 'stateFolder'>, { train }: Pick<StoredModel, 'train'>): Promise<string | undefined> {
  const trainer = rooms.trainers.get(train.kind)
  const locked = trainer?.locked?.(train.options)
  return locked === undefined ? trainer?.interpreter?.(train.options) : (await environmentOf(rooms, locked)).interpreter
}
