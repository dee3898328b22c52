"""The other side of the interoperability cases, on grpcio.

peer.py server          serves at a free port and prints "LISTENING <port>"
peer.py client <port>   runs every case and prints one line of JSON for each

The modules generated from interop.proto must be on PYTHONPATH.
"""
import json
import sys
import threading
import traceback
from concurrent import futures

import grpc
import interop_pb2 as pb
import interop_pb2_grpc as stubs

REQUEST_SIZE = 271828
RESPONSE_SIZE = 314159
REQUEST_SIZES = [27182, 8, 1828, 45904]
RESPONSE_SIZES = [31415, 9, 2653, 58979]
INITIAL_KEY = "x-grpc-test-echo-initial"
TRAILING_KEY = "x-grpc-test-echo-trailing-bin"
SPECIAL_MESSAGE = "\t\ntest with whitespace\r\nand Unicode BMP \u263a and non-BMP \U0001f608\t\n"


def zeros(size):
    return pb.Payload(body=bytes(size))


def large(**more):
    return pb.SimpleRequest(response_size=RESPONSE_SIZE, payload=zeros(REQUEST_SIZE), **more)


def ping(request, response):
    return pb.StreamingOutputCallRequest(
        payload=zeros(request), response_parameters=[pb.ResponseParameters(size=response)])


# ---- server ----

CODES = {code.value[0]: code for code in grpc.StatusCode}


def echo_metadata(context):
    given = dict(context.invocation_metadata())
    if INITIAL_KEY in given:
        context.send_initial_metadata(((INITIAL_KEY, given[INITIAL_KEY]),))
    if TRAILING_KEY in given:
        context.set_trailing_metadata(((TRAILING_KEY, given[TRAILING_KEY]),))


def abort_if_asked(request, context):
    if request.HasField("response_status"):
        context.abort(CODES[request.response_status.code], request.response_status.message)


class TestService(stubs.TestServiceServicer):

    def EmptyCall(self, request, context):
        return pb.Empty()

    def UnaryCall(self, request, context):
        echo_metadata(context)
        abort_if_asked(request, context)
        if not request.response_compressed.value:
            context.disable_next_message_compression()
        return pb.SimpleResponse(payload=zeros(request.response_size))

    def StreamingInputCall(self, request_iterator, context):
        size = sum(len(request.payload.body) for request in request_iterator)
        return pb.StreamingInputCallResponse(aggregated_payload_size=size)

    def StreamingOutputCall(self, request, context):
        for parameters in request.response_parameters:
            yield pb.StreamingOutputCallResponse(payload=zeros(parameters.size))

    def FullDuplexCall(self, request_iterator, context):
        echo_metadata(context)
        for request in request_iterator:
            abort_if_asked(request, context)
            for parameters in request.response_parameters:
                yield pb.StreamingOutputCallResponse(payload=zeros(parameters.size))


def serve():
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=8), compression=grpc.Compression.Gzip)
    stubs.add_TestServiceServicer_to_server(TestService(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(f"LISTENING {port}", flush=True)
    sys.stdin.read()  # The test closes this end when it has finished, also by ending itself.
    server.stop(None)


# ---- client ----

class Requests:
    """A request stream that is written to while it is read."""

    def __init__(self):
        self._items = []
        self._changed = threading.Condition()
        self._ended = False

    def send(self, request):
        with self._changed:
            self._items.append(request)
            self._changed.notify()

    def end(self):
        with self._changed:
            self._ended = True
            self._changed.notify()

    def __iter__(self):
        return self

    def __next__(self):
        with self._changed:
            self._changed.wait_for(lambda: self._items or self._ended)
            if self._items:
                return self._items.pop(0)
            raise StopIteration


class Cases:

    def __init__(self, port):
        self._channel = grpc.insecure_channel(f"127.0.0.1:{port}")
        self._stub = stubs.TestServiceStub(self._channel)

    def empty_unary(self):
        assert self._stub.EmptyCall(pb.Empty()) == pb.Empty()

    def large_unary(self):
        check_large(self._stub.UnaryCall(large()))

    def client_streaming(self):
        requests = (pb.StreamingInputCallRequest(payload=zeros(size)) for size in REQUEST_SIZES)
        assert self._stub.StreamingInputCall(requests).aggregated_payload_size == 74922

    def server_streaming(self):
        request = pb.StreamingOutputCallRequest(
            response_parameters=[pb.ResponseParameters(size=size) for size in RESPONSE_SIZES])
        assert sizes(self._stub.StreamingOutputCall(request)) == RESPONSE_SIZES

    def ping_pong(self):
        requests = Requests()
        call = self._stub.FullDuplexCall(requests)
        for request_size, response_size in zip(REQUEST_SIZES, RESPONSE_SIZES):
            requests.send(ping(request_size, response_size))
            assert len(next(call).payload.body) == response_size
        requests.end()
        assert sizes(call) == []
        assert call.code() == grpc.StatusCode.OK

    def empty_stream(self):
        assert sizes(self._stub.FullDuplexCall(iter(()))) == []

    def custom_metadata(self):
        metadata = ((INITIAL_KEY, "test_initial_metadata_value"), (TRAILING_KEY, b"\xab\xab\xab"))
        response, call = self._stub.UnaryCall.with_call(large(), metadata=metadata)
        check_large(response)
        check_echo(call)
        call = self._stub.FullDuplexCall(iter((ping(REQUEST_SIZE, RESPONSE_SIZE),)), metadata=metadata)
        assert sizes(call) == [RESPONSE_SIZE]
        check_echo(call)

    def status_code_and_message(self):
        status = pb.EchoStatus(code=2, message="test status message")
        check_failure(
            lambda: self._stub.UnaryCall(pb.SimpleRequest(response_status=status)),
            grpc.StatusCode.UNKNOWN, "test status message")
        requests = iter((pb.StreamingOutputCallRequest(response_status=status),))
        check_failure(
            lambda: sizes(self._stub.FullDuplexCall(requests)), grpc.StatusCode.UNKNOWN, "test status message")

    def special_status_message(self):
        status = pb.EchoStatus(code=2, message=SPECIAL_MESSAGE)
        check_failure(
            lambda: self._stub.UnaryCall(pb.SimpleRequest(response_status=status)),
            grpc.StatusCode.UNKNOWN, SPECIAL_MESSAGE)

    def unimplemented_method(self):
        check_failure(lambda: self._stub.UnimplementedCall(pb.Empty()), grpc.StatusCode.UNIMPLEMENTED)

    def unimplemented_service(self):
        unserved = stubs.UnimplementedServiceStub(self._channel)
        check_failure(lambda: unserved.UnimplementedCall(pb.Empty()), grpc.StatusCode.UNIMPLEMENTED)

    def cancel_after_begin(self):
        requests = Requests()
        call = self._stub.StreamingInputCall.future(requests)
        call.cancel()
        requests.end()
        assert call.cancelled()
        assert call.code() == grpc.StatusCode.CANCELLED

    def cancel_after_first_response(self):
        requests = Requests()
        call = self._stub.FullDuplexCall(requests)
        requests.send(ping(REQUEST_SIZES[0], RESPONSE_SIZES[0]))
        assert len(next(call).payload.body) == RESPONSE_SIZES[0]
        call.cancel()
        check_failure(lambda: next(call), grpc.StatusCode.CANCELLED)
        requests.end()

    def timeout_on_sleeping_server(self):
        requests = Requests()
        requests.send(ping(27182, 0))
        call = self._stub.FullDuplexCall(requests, timeout=0.001)
        check_failure(lambda: sizes(call), grpc.StatusCode.DEADLINE_EXCEEDED)
        requests.end()

    def client_compressed_unary(self):
        request = large(expect_compressed=pb.BoolValue(value=True))
        check_failure(lambda: self._stub.UnaryCall(request), grpc.StatusCode.INVALID_ARGUMENT)
        check_large(self._stub.UnaryCall(request, compression=grpc.Compression.Gzip))
        check_large(self._stub.UnaryCall(large(expect_compressed=pb.BoolValue(value=False))))

    def server_compressed_unary(self):
        # grpcio does not show the message's flag; the test looks at what the server named.
        check_large(self._stub.UnaryCall(large(response_compressed=pb.BoolValue(value=True))))
        check_large(self._stub.UnaryCall(large(response_compressed=pb.BoolValue(value=False))))


def sizes(responses):
    return [len(response.payload.body) for response in responses]


def check_large(response):
    assert response.payload.body == bytes(RESPONSE_SIZE)


def check_echo(call):
    assert dict(call.initial_metadata())[INITIAL_KEY] == "test_initial_metadata_value"
    assert dict(call.trailing_metadata())[TRAILING_KEY] == b"\xab\xab\xab"


def check_failure(call, code, details=None):
    try:
        call()
    except grpc.RpcError as error:
        assert error.code() == code, f"{error.code()} {error.details()}"
        assert details is None or error.details() == details, error.details()
        return
    raise AssertionError("the call succeeded")


def run_cases(port):
    cases = Cases(port)
    for name in (name for name in vars(Cases) if not name.startswith("_")):
        error = None
        try:
            getattr(cases, name)()
        except Exception:
            error = traceback.format_exc()
        print(json.dumps({"case": name, "error": error}), flush=True)


if __name__ == "__main__":
    if sys.argv[1] == "server":
        serve()
    else:
        run_cases(int(sys.argv[2]))
