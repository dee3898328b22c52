// The other side of the interoperability cases, on @grpc/grpc-js.
//   node peer.js <proto> server          serves at a free port and prints "LISTENING <port>"
//   node peer.js <proto> client <port>   runs every case and prints one line of JSON for each
'use strict';

const assert = require('assert');
const grpc = require('@grpc/grpc-js');
const loader = require('@grpc/proto-loader');

const [proto, mode, port] = process.argv.slice(2);
const { testing } = grpc.loadPackageDefinition(
  loader.loadSync(proto, { keepCase: true, enums: String, defaults: true })).grpc;

const requestSize = 271828;
const responseSize = 314159;
const requestSizes = [27182, 8, 1828, 45904];
const responseSizes = [31415, 9, 2653, 58979];
const initialKey = 'x-grpc-test-echo-initial';
const trailingKey = 'x-grpc-test-echo-trailing-bin';
const specialMessage = '\t\ntest with whitespace\r\nand Unicode BMP ☺ and non-BMP 😈\t\n';

const zeros = (size) => ({ body: Buffer.alloc(size) });
const large = (more) => ({ response_size: responseSize, payload: zeros(requestSize), ...more });
const ping = (request, response) => ({ payload: zeros(request), response_parameters: [{ size: response }] });

// ---- server ----

function echoMetadata(call) {
  const initial = call.metadata.get(initialKey);
  if (initial.length > 0) {
    const headers = new grpc.Metadata();
    headers.set(initialKey, initial[0]);
    call.sendMetadata(headers);
  }
  const trailers = new grpc.Metadata();
  for (const value of call.metadata.get(trailingKey)) trailers.add(trailingKey, value);
  return trailers;
}

const service = {
  EmptyCall: (call, done) => done(null, {}),

  UnaryCall(call, done) {
    const trailers = echoMetadata(call);
    const status = call.request.response_status;
    if (status) done({ code: status.code, details: status.message, metadata: trailers });
    else done(null, { payload: zeros(call.request.response_size) }, trailers);
  },

  StreamingInputCall(call, done) {
    let sum = 0;
    call.on('data', (request) => { sum += request.payload.body.length; });
    call.on('end', () => done(null, { aggregated_payload_size: sum }));
  },

  StreamingOutputCall(call) {
    for (const parameters of call.request.response_parameters) call.write({ payload: zeros(parameters.size) });
    call.end();
  },

  FullDuplexCall(call) {
    const trailers = echoMetadata(call);
    call.on('data', (request) => {
      const status = request.response_status;
      if (status) {
        call.emit('error', { code: status.code, details: status.message, metadata: trailers });
        return;
      }
      for (const parameters of request.response_parameters) call.write({ payload: zeros(parameters.size) });
    });
    call.on('end', () => call.end(trailers));
  },
};

function serve() {
  const server = new grpc.Server();
  server.addService(testing.TestService.service, service);
  server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (error, bound) => {
    if (error) throw error;
    console.log(`LISTENING ${bound}`);
  });
  // The test closes this end when it has finished, also by ending itself.
  process.stdin.on('close', () => process.exit(0)).resume();
}

// ---- client ----

const connect = (options) =>
  new testing.TestService(`127.0.0.1:${port}`, grpc.credentials.createInsecure(), options);
const client = mode === 'client' ? connect() : null;

/** A unary call as a promise of its response, headers and final status; a failed one rejects with the error. */
function unary(target, method, request, metadata = new grpc.Metadata()) {
  return new Promise((resolve, reject) => {
    const result = {};
    const call = target[method](request, metadata, (error, response) => {
      if (error) reject(error);
      else result.response = response;
    });
    call.on('metadata', (headers) => { result.headers = headers; });
    call.on('status', (status) => { if (status.code === 0) resolve({ ...result, status }); });
  });
}

/** Everything that a response stream brings until its end: messages, headers and status. */
function drain(call, onData = () => {}) {
  return new Promise((resolve) => {
    const result = { sizes: [] };
    call.on('metadata', (headers) => { result.headers = headers; });
    call.on('data', (response) => { result.sizes.push(response.payload.body.length); onData(result); });
    call.on('error', () => {}); // The status tells the same.
    call.on('status', (status) => resolve({ ...result, status }));
  });
}

async function failure(promise) {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new assert.AssertionError({ message: 'the call succeeded' });
}

function checkLarge(result) {
  assert.deepStrictEqual(result.response.payload.body, Buffer.alloc(responseSize));
}

function checkStatus(status, code, details) {
  assert.strictEqual(status.code, code, `${status.code} ${status.details}`);
  if (details !== undefined) assert.strictEqual(status.details, details);
}

const cases = {
  async empty_unary() {
    assert.deepStrictEqual((await unary(client, 'EmptyCall', {})).response, {});
  },

  async large_unary() {
    checkLarge(await unary(client, 'UnaryCall', large()));
  },

  async client_streaming() {
    const response = await new Promise((resolve, reject) => {
      const call = client.StreamingInputCall((error, value) => (error ? reject(error) : resolve(value)));
      for (const size of requestSizes) call.write({ payload: zeros(size) });
      call.end();
    });
    assert.strictEqual(response.aggregated_payload_size, 74922);
  },

  async server_streaming() {
    const { sizes, status } = await drain(
      client.StreamingOutputCall({ response_parameters: responseSizes.map((size) => ({ size })) }));
    assert.deepStrictEqual(sizes, responseSizes);
    checkStatus(status, grpc.status.OK);
  },

  async ping_pong() {
    const call = client.FullDuplexCall();
    const send = (index) => call.write(ping(requestSizes[index], responseSizes[index]));
    const end = drain(call, ({ sizes }) => {
      if (sizes.length < requestSizes.length) send(sizes.length);
      else call.end();
    });
    send(0);
    const { sizes, status } = await end;
    assert.deepStrictEqual(sizes, responseSizes);
    checkStatus(status, grpc.status.OK);
  },

  async empty_stream() {
    const call = client.FullDuplexCall();
    call.end();
    const { sizes, status } = await drain(call);
    assert.deepStrictEqual(sizes, []);
    checkStatus(status, grpc.status.OK);
  },

  async custom_metadata() {
    const metadata = new grpc.Metadata();
    metadata.set(initialKey, 'test_initial_metadata_value');
    metadata.set(trailingKey, Buffer.from('ababab', 'hex'));
    const check = ({ headers, status }) => {
      assert.deepStrictEqual(headers.get(initialKey), ['test_initial_metadata_value']);
      assert.deepStrictEqual(status.metadata.get(trailingKey), [Buffer.from('ababab', 'hex')]);
    };
    const result = await unary(client, 'UnaryCall', large(), metadata);
    checkLarge(result);
    check(result);

    const call = client.FullDuplexCall(metadata);
    call.write(ping(requestSize, responseSize));
    call.end();
    check(await drain(call));
  },

  async status_code_and_message() {
    const response_status = { code: 2, message: 'test status message' };
    checkStatus(
      await failure(unary(client, 'UnaryCall', { response_status })), grpc.status.UNKNOWN, 'test status message');

    const call = client.FullDuplexCall();
    call.write({ response_status });
    call.end();
    checkStatus((await drain(call)).status, grpc.status.UNKNOWN, 'test status message');
  },

  async special_status_message() {
    const response_status = { code: 2, message: specialMessage };
    checkStatus(await failure(unary(client, 'UnaryCall', { response_status })), grpc.status.UNKNOWN, specialMessage);
  },

  async unimplemented_method() {
    checkStatus(await failure(unary(client, 'UnimplementedCall', {})), grpc.status.UNIMPLEMENTED);
  },

  async unimplemented_service() {
    const unserved = new testing.UnimplementedService(
      `127.0.0.1:${port}`, grpc.credentials.createInsecure());
    checkStatus(await failure(unary(unserved, 'UnimplementedCall', {})), grpc.status.UNIMPLEMENTED);
    unserved.close();
  },

  async cancel_after_begin() {
    checkStatus(await failure(new Promise((resolve, reject) => {
      const call = client.StreamingInputCall((error, value) => (error ? reject(error) : resolve(value)));
      call.cancel();
    })), grpc.status.CANCELLED);
  },

  async cancel_after_first_response() {
    const call = client.FullDuplexCall();
    const end = drain(call, () => call.cancel());
    call.write(ping(requestSizes[0], responseSizes[0]));
    const { sizes, status } = await end;
    assert.deepStrictEqual(sizes, [responseSizes[0]]);
    checkStatus(status, grpc.status.CANCELLED);
  },

  async timeout_on_sleeping_server() {
    const call = client.FullDuplexCall({ deadline: Date.now() + 1 });
    call.write(ping(27182, 0));
    checkStatus((await drain(call)).status, grpc.status.DEADLINE_EXCEEDED);
  },

  async client_compressed_unary() {
    const request = large({ expect_compressed: { value: true } });
    checkStatus(await failure(unary(client, 'UnaryCall', request)), grpc.status.INVALID_ARGUMENT);

    const compressing = connect({
      'grpc.default_compression_algorithm': grpc.compressionAlgorithms.gzip,
      'grpc.use_local_subchannel_pool': 1,
    });
    checkLarge(await unary(compressing, 'UnaryCall', request));
    compressing.close();
    checkLarge(await unary(client, 'UnaryCall', large({ expect_compressed: { value: false } })));
  },

  // grpc-js does not show the message's flag; the test looks at what the server named.
  async server_compressed_unary() {
    checkLarge(await unary(client, 'UnaryCall', large({ response_compressed: { value: true } })));
    checkLarge(await unary(client, 'UnaryCall', large({ response_compressed: { value: false } })));
  },
};

async function runCases() {
  for (const [name, run] of Object.entries(cases)) {
    let error = null;
    try {
      await run();
    } catch (fault) {
      error = String(fault.stack || fault);
    }
    console.log(JSON.stringify({ case: name, error }));
  }
  process.exit(0); // grpc-js keeps a socket open after its channel was closed.
}

if (mode === 'server') serve();
else runCases();
