import { localExecutor } from '../../src/executors/local/adapter.js'
import { testExecutor } from './executor.js'

testExecutor(localExecutor)
