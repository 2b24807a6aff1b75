#!/bin/sh
# Not written yet: makes this machine a node of an Ensemble environment.
exit 1
