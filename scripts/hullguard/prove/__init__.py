"""`hullguard prove`: attacks on this host from throwaway containers, each of which ought to be blocked.

`battery` is what is tried, as data; `inside` is the code that runs in the containers; `places` are the
containers and what they are given; `run` and `containers` make, ask and take away; `accounts` and `outside`
are what is done without a container; `leftovers` knows what a run makes; `document` and `join` say what came
of it, alone and beside an audit's verdicts.
"""
