import os

from comps import MicroService, ServiceOrchestrator, ServiceRoleType, ServiceType

HOST = os.getenv("MEGA_SERVICE_HOST_IP", "0.0.0.0")
LLM_PORT = int(os.getenv("LLM_SERVICE_PORT", "9000"))


class Chat:
    def __init__(self, host="0.0.0.0", port=8000):
        self.host, self.port = host, port
        self.megaservice = ServiceOrchestrator()
        self.endpoint = "/v1/chatqna"

    def add_remote_service(self):
        embedding = MicroService(
            name="embedding",
            host=HOST,
            port=6000,
            endpoint="/v1/embeddings",
            use_remote_service=True,
            service_type=ServiceType.EMBEDDING,
        )
        retriever = MicroService(
            name="retriever",
            host=os.getenv("RETRIEVER_SERVICE_HOST_IP", "0.0.0.0"),
            port=int(os.getenv("RETRIEVER_SERVICE_PORT", "7000")),
            endpoint="/v1/retrieval",
            use_remote_service=True,
            service_type=ServiceType.RETRIEVER,
        )
        rerank = MicroService(
            name="reranking",
            host=HOST,
            port=8000,
            endpoint="/v1/reranking",
            use_remote_service=True,
            service_type=ServiceType.RERANK,
        )
        llm = MicroService(
            name="llm",
            host=HOST,
            port=LLM_PORT,
            endpoint="/v1/chat/completions",
            use_remote_service=True,
            service_type=ServiceType.LLM,
        )
        self.megaservice.add(embedding).add(retriever).add(rerank).add(llm)
        self.megaservice.flow_to(embedding, retriever)
        self.megaservice.flow_to(retriever, rerank)
        self.megaservice.flow_to(rerank, llm)

    def start(self):
        self.service = MicroService(
            self.__class__.__name__,
            service_role=ServiceRoleType.MEGASERVICE,
            host=self.host,
            port=self.port,
            endpoint=self.endpoint,
        )
        self.service.add_route(self.endpoint, self.handle_request, methods=["POST"])
        self.service.start()


if __name__ == "__main__":
    chat = Chat(port=8888)
    chat.add_remote_service()
    chat.start()
