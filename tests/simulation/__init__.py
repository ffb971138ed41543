"""A month of the poller's life in seconds: fake time, recorded requests, every kind of trouble.

virtual      an event loop whose time passes in no time
publishers   servers that answer as servers do, well and badly
visits       what they have seen: who asked when, and whether the answer was heard
program      one life of the program, which may be killed at any await
month        the operator, the clock and the hand that kills: what happens when
laws         what must be true of every two requests
"""
