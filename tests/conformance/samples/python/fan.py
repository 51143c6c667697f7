from comps import MicroService, ServiceOrchestrator

first, second, third = (
    MicroService(name=n, host="adder.example.org", port=p, endpoint="/v1/add", use_remote_service=True)
    for n, p in (("s1", 8081), ("s2", 8082), ("s3", 8083))
)
one = MicroService(name="one", host="adder.example.org", port=8084, endpoint="/v1/add", use_remote_service=True)
two = MicroService(name="two", host="adder.example.org", port=8085, endpoint="/v1/add", use_remote_service=True)
builder = ServiceOrchestrator()
builder.add(one).add(two)
builder.flow_to(one, two)
