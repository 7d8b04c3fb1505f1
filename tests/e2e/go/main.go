package main

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"sort"
	"sync"
	"syscall"
	"time"
)

func main() {
	var wait sync.WaitGroup
	results := make(chan int, 1000)
	for i := 0; i < 1000; i++ {
		wait.Add(1)
		go func(n int) { defer wait.Done(); time.Sleep(time.Millisecond); results <- n * n }(i)
	}
	wait.Wait()
	close(results)
	sum := 0
	for r := range results {
		sum += r
	}
	fmt.Println(sum, runtime.GOOS, runtime.GOARCH, runtime.NumCPU() > 0)
	out, err := exec.Command("sh", "-c", "echo from sh; exit 3").Output()
	fmt.Printf("%q %v\n", out, err)
	os.MkdirAll("d/e", 0o755)
	os.WriteFile("d/f", []byte("hello"), 0o640)
	data, _ := os.ReadFile("d/f")
	info, _ := os.Stat("d/f")
	fmt.Println(string(data), info.Mode(), info.Size())
	_, err = os.Open("none")
	fmt.Println(err)
	var names []string
	filepath.Walk("d", func(p string, i os.FileInfo, e error) error { names = append(names, p); return nil })
	sort.Strings(names)
	fmt.Println(names)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	go func() { c, _ := listener.Accept(); fmt.Fprint(c, "served"); c.Close() }()
	c, _ := net.Dial("tcp", listener.Addr().String())
	buffer := make([]byte, 16)
	n, _ := c.Read(buffer)
	fmt.Println(string(buffer[:n]))
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGUSR1)
	syscall.Kill(os.Getpid(), syscall.SIGUSR1)
	fmt.Println(<-signals)
	memory := make([][]byte, 0)
	for i := 0; i < 200; i++ {
		memory = append(memory, make([]byte, 1<<18))
		memory = memory[len(memory)/2:]
	}
	runtime.GC()
	select {
	case <-time.After(20 * time.Millisecond):
		fmt.Println("after")
	}
	done := make(chan bool)
	go func() {
		defer func() { fmt.Println("recovered:", recover() != nil); done <- true }()
		var p *int
		*p = 1
	}()
	<-done
	os.Exit(9)
}
