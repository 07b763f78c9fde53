import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { MLFLOW_VERSION } from '../../../src/serving/protocols/mlflow.js'
import { needsPython, runBoto3, runPython } from '../../support/foreign-client.js'
import { startStage, type Stage } from './stage.js'

let stage: Stage
before(async () => {
  stage = await startStage({ invocations: 'iris' })
})
after(() => stage.stop())

const credentials = { AWS_ACCESS_KEY_ID: 'any', AWS_SECRET_ACCESS_KEY: 'any-secret', AWS_MAX_ATTEMPTS: '1' }

test("AWS's own client invokes a model as an endpoint of SageMaker", needsPython, async () => {
  const script = `
client = boto3.client('sagemaker-runtime', endpoint_url=given['url'])
csv = client.invoke_endpoint(EndpointName='sum', ContentType='text/csv', Accept='text/csv', Body='1,2,3,4', CustomAttributes='trace=7')
plain = client.invoke_endpoint(EndpointName='size', ContentType='application/json', Body=json.dumps({'instances': [[7], [2]]}))
try:
    client.invoke_endpoint(EndpointName='sum', ContentType='text/csv', Body='1,2,3')
except client.exceptions.ClientError as error:
    refused = error.response['ResponseMetadata']['HTTPStatusCode']
print(json.dumps([csv['Body'].read().decode(), csv['ContentType'], csv['CustomAttributes'], json.load(plain['Body']), refused]))
`
  assert.deepEqual(await runBoto3(script, { url: stage.url }, credentials), ['10\n', 'text/csv; charset=utf-8', 'trace=7', { predictions: ['large, "very"', 'small'] }, 400])
})

test("Triton's own client looks at a model and asks it", needsPython, async () => {
  const script = `
import numpy, tritonclient.http as triton
from tritonclient.utils import InferenceServerException
client = triton.InferenceServerClient(given['host'])
def tensor(name, values, datatype):
    made = triton.InferInput(name, list(values.shape), datatype)
    made.set_data_from_numpy(values, binary_data=False)
    return made
def outputs(*names):
    return [triton.InferRequestedOutput(name, binary_data=False) for name in names]
ready = [client.is_server_live(), client.is_server_ready(), client.is_model_ready('iris'), client.is_model_ready('iris', '3'), client.is_model_ready('iris', '2'), client.is_model_ready('nowhere')]
metadata = client.get_model_metadata('iris')
answer = client.infer('iris', [tensor('input-0', numpy.array([[1.0, 2.0], [3.0, 4.0]]), 'FP64')], model_version='3', request_id='42', outputs=outputs('output-0', 'probabilities'))
house = client.infer('house-price', [tensor('rooms', numpy.array([3.0]), 'FP64'), tensor('district', numpy.array(['98029'], dtype=object), 'BYTES'), tensor('garden', numpy.array([True]), 'BOOL')])
refusals = []
for name, tensors in [('nowhere', [tensor('x', numpy.array([1.0]), 'FP64')]), ('iris', [tensor('x', numpy.array([1.0]), 'FP64')])]:
    try:
        client.infer(name, tensors, outputs=outputs('output-0'))
    except InferenceServerException as refused:
        refusals.append(refused.message())
binary = triton.InferInput('input-0', [1, 2], 'FP64')
binary.set_data_from_numpy(numpy.array([[1.0, 2.0]]))
try:
    client.infer('iris', [binary])
except InferenceServerException as refused:
    refusals.append(refused.message())
print(json.dumps([ready, [metadata['name'], metadata['versions'], [each['name'] for each in metadata['inputs']]], answer.get_response()['id'], answer.as_numpy('output-0').tolist(), answer.as_numpy('probabilities').tolist(), house.as_numpy('output-0').tolist(), refusals]))
`
  const [ready, metadata, id, predictions, probabilities, house, refusals] = listOf(await runPython(script, { host: new URL(stage.url).host }))
  assert.deepEqual(ready, [true, true, true, true, false, false])
  assert.deepEqual(metadata, ['iris', ['3'], ['x1', 'x2']])
  assert.deepEqual([id, predictions, probabilities, house], ['42', [0, 1], [[1, 0], [0.25, 0.75]], [6]])
  const [missing = '', shape = '', binary = ''] = listOf(refusals).map(String)
  assert.match(missing, /No version of model nowhere serves here/)
  assert.match(shape, /"x" has shape \[1\]/)
  assert.match(binary, /binary tensor data extension is not supported/)
})

test("MLflow's own client of its scoring server asks a model", needsPython, async () => {
  const script = `
import numpy, pandas
from mlflow.pyfunc.scoring_server.client import ScoringServerClient
client = ScoringServerClient(given['host'], given['port'])
client.wait_server_ready(timeout=30)
rows = pandas.DataFrame({'x1': [1.0, 3.0], 'x2': [2.0, 4.0]})
answers = [client.invoke(asked, params={'t': 0.5}).get_predictions(predictions_format='ndarray').tolist() for asked in (rows, rows.to_numpy())]
try:
    client.invoke(pandas.DataFrame({'x1': ['a'], 'x2': [2.0]}))
except Exception as refused:
    answers.append(str(refused))
print(json.dumps([client.get_version(), answers]))
`
  const { hostname, port } = new URL(stage.url)
  const [version, answers] = listOf(await runPython(script, { host: hostname, port: Number(port) }))
  assert.equal(version, MLFLOW_VERSION)
  const [frame, array, refused] = listOf(answers)
  assert.deepEqual([frame, array], [[0, 1], [0, 1]])
  assert.match(String(refused), /error code 400.*INVALID_PARAMETER_VALUE.*rows\[0\]\.x1 must be a number/)
})

function listOf(value: unknown): readonly unknown[] {
  assert.ok(Array.isArray(value))
  return value
}
