import { pythonModel } from '../../src/predictors/python/adapter.js'

/** Loads the model of a folder, asks it once, and stays until it is killed. */
const [, , folder = ''] = process.argv
const predictor = await pythonModel().load(folder, { task: 'regression', inputs: [{ name: 'area', type: 'number', optional: false }], target: 'price', classes: [] })
await predictor.predict({ rows: 1, columns: { area: [1] } })
process.stdout.write('loaded\n')
