# A program that faults in each way.
# normalise: line 1: +\d+ => line 1: PID
# prepare: gcc -O0 -w -o prog prog.c
./prog null
./prog readonly
./prog execute
./prog jump
./prog noncanonical
./prog kernel
./prog divide
./prog illegal
./prog breakpoint
./prog privileged
./prog int
./prog stack
./prog badstack
./prog abort
./prog trap
./prog step
./prog bus
./prog none
/bin/bash -c "./prog null; echo $?; ./prog divide; echo $?; ./prog abort; echo $?"
