# "What runs" is set to the whole script: the last expression is the result.
import statistics

samples = [3.1, 2.9, 3.4, 3.0, 3.3]
print("samples:", len(samples))

{"mean": statistics.mean(samples), "deviation": statistics.stdev(samples)}
