"""A service by the official implementation of gRPC. The last argument is the port; with `--describes` it describes itself, with
`--token TOKEN` callers have to show it, with `--tls DIRECTORY` both sides show their papers."""

import argparse
import os
import sys
import time
from concurrent import futures

import grpc
from grpc_reflection.v1alpha import reflection

sys.path.insert(0, os.path.dirname(__file__))
messages, services = grpc.protos_and_services("echo.proto")


class Echo(services.EchoServicer):
    def __init__(self, token):
        self.token = token

    def check(self, context):
        shown = dict(context.invocation_metadata()).get("authorization")
        if self.token and shown != f"Bearer {self.token}":
            context.abort(grpc.StatusCode.UNAUTHENTICATED, "who are you?")

    def Say(self, request, context):
        self.check(context)
        if request.text == "slow":
            time.sleep(0.1)
        if request.text == "never":
            time.sleep(1)
        if request.text == "no":
            context.abort(grpc.StatusCode.NOT_FOUND, "there is none: 100 %")
        context.send_initial_metadata((("before", "1"),))
        context.set_trailing_metadata((("behind", "2"),))
        return request

    def Repeat(self, request, context):
        for count in range(request.times):
            yield messages.Words(text=request.text, times=count)

    def Gather(self, requests, context):
        return messages.Words(parts=[words.text for words in requests])

    def Chat(self, requests, context):
        for words in requests:
            yield words


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--describes", action="store_true")
    arguments.add_argument("--token")
    arguments.add_argument("--tls")
    arguments.add_argument("port")
    given = arguments.parse_args()
    largest = [("grpc.max_receive_message_length", 1 << 26), ("grpc.max_send_message_length", 1 << 26)]
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=8), options=largest)
    services.add_EchoServicer_to_server(Echo(given.token), server)
    if given.describes:
        names = (messages.DESCRIPTOR.services_by_name["Echo"].full_name, reflection.SERVICE_NAME)
        reflection.enable_server_reflection(names, server)
    address = f"127.0.0.1:{given.port}"
    if given.tls:
        key, chain, authority = (
            open(os.path.join(given.tls, name), "rb").read() for name in ("server.key", "server.pem", "ca.pem")
        )
        papers = grpc.ssl_server_credentials([(key, chain)], authority, require_client_auth=True)
        server.add_secure_port(address, papers)
    else:
        server.add_insecure_port(address)
    server.start()
    server.wait_for_termination()


main()
