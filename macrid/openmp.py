"""How the threads of OpenMP wait for each other: said in the environment, before PyTorch loads it, by

    os.environ.update(WAITING | dict(os.environ))    # what is there already stays

Between two pieces of parallel work lie a few microseconds of Python. Who sleeps through these has to be woken: a step of a
training then takes 1.9 to 2.4 times as long on two free cores. Who looks for as long as libgomp would, 300,000 times, takes
the core from whatever else runs: up to 14 times as long beside a busy program (benchmarks/RESULTS.md, "Threads that wait").
"""

WAITING = {"GOMP_SPINCOUNT": "300",  # looks at what is waited for, a microsecond in all, before a thread sleeps
           "OMP_WAIT_POLICY": "PASSIVE"}  # of libraries other than libgomp
