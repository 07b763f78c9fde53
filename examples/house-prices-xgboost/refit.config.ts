import { byGroup, column, command, defineModel, defineProject, folder, onArrival } from 'refit'

/**
 * House prices, trained by XGBoost and served as ONNX, without Python. PYTHON names an interpreter that has what requirements.txt
 * lists; `{ lockFile: 'requirements.txt' }` in its place would have Refit make one.
 */
const housePrice = defineModel({
  task: 'regression',
  columns: {
    id: column.group(),
    date: column.time(),
    price: column.target({ min: 1 }),
    zipcode: column.category(),
    sqft_living: column.number({ min: 0 }),
    bedrooms: column.number({ min: 0 }),
    waterfront: column.boolean(),
    yr_renovated: column.number({ optional: true }),
  },
  source: folder('drops/house-sales'),
  split: byGroup({ test: '25%' }),
  train: command([process.env['PYTHON'] ?? 'python', 'train.py'], { parameters: { n_estimators: 400, max_depth: 5, learning_rate: 0.1 } }),
  check: (m) => [m.mape.atMost(0.25), m.mae.notWorseThanChampion({ relative: 0.05 })],
  triggers: [onArrival()],
})

export default defineProject({ models: { 'house-price': housePrice } })
