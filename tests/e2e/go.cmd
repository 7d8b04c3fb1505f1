# Goroutines, os/exec, the network poller, signals and a nil pointer, in a static program.
# needs: /usr/bin/go
# timeout: 60
# prepare: GOCACHE=$PWD/.cache GOFLAGS=-mod=mod GO111MODULE=off CGO_ENABLED=0 go build -o prog main.go && rm -rf .cache
./prog
