// etcd-load keeps a number of puts outstanding at the leader of an etcd cluster, by etcd's own client, and prints what it
// saw as JSON. It says "ready" once there is a leader and starts when it reads a line, so that links can begin to lose
// packets in between. Every key is written by chance, none beforehand; requests are given up after ten seconds.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand"
	"os"
	"sort"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"go.etcd.io/etcd/clientv3"
)

const (
	requestTimeout = 10 * time.Second
	statusTimeout  = time.Second
	electionLimit  = 20 * time.Second
)

// Stages of the load.
const (
	warmingUp = int32(iota)
	measuring
	ending
)

type result struct {
	OpsPerSec float64 `json:"opsPerSec"`
	P50Ms     float64 `json:"p50Ms"`
	P99Ms     float64 `json:"p99Ms"`
	MaxMs     float64 `json:"maxMs"`
	Errors    int     `json:"errors"`
	Elections *uint64 `json:"elections"`
}

// worker makes one request after the other.
type worker struct {
	// Of what was answered within the measured time and of what its end found outstanding.
	latencies []time.Duration
	// Within the measured time alone.
	answered int
	errors   int
}

func main() {
	endpoints := flag.String("endpoints", "", "HOST:PORT,... of the servers")
	outstanding := flag.Int("outstanding", 64, "requests outstanding")
	valueBytes := flag.Int("value-bytes", 256, "bytes of a value")
	keys := flag.Int("keys", 10000, "so many different keys")
	warmUp := flag.Float64("warm-up", 2, "seconds of load before the measured time")
	seconds := flag.Float64("seconds", 10, "measured time")
	flag.Parse()

	servers := strings.Split(*endpoints, ",")
	leader, term := findLeader(servers)
	client := dial(leader)
	fmt.Println("ready")
	if _, err := bufio.NewReader(os.Stdin).ReadString('\n'); err != nil {
		fail("nobody said when to start")
	}

	value := make([]byte, *valueBytes)
	rand.New(rand.NewSource(1)).Read(value)
	var stage int32
	var running sync.WaitGroup
	workers := make([]worker, *outstanding)
	for at := range workers {
		running.Add(1)
		go func(w *worker, random *rand.Rand) {
			defer running.Done()
			w.run(client, string(value), *keys, random, &stage)
		}(&workers[at], rand.New(rand.NewSource(int64(at+2))))
	}
	time.Sleep(duration(*warmUp))
	start := time.Now()
	atomic.StoreInt32(&stage, measuring)
	time.Sleep(duration(*seconds))
	atomic.StoreInt32(&stage, ending)
	elapsed := time.Since(start)
	// The line is printed before the last requests are through: it marks the end of the measured time.
	fmt.Println("measured")
	running.Wait()

	seen := summarize(workers, elapsed)
	if last := highestTerm(servers); last >= term {
		elections := last - term
		seen.Elections = &elections
	}
	line, err := json.Marshal(seen)
	if err != nil {
		fail(err.Error())
	}
	fmt.Println(string(line))
}

// run counts what is answered within the measured time. What its end finds outstanding has a latency, too, and what was
// never answered counts for as long as it was waited for: else a cluster that stops answering would look fast.
func (w *worker) run(client *clientv3.Client, value string, keys int, random *rand.Rand, stage *int32) {
	for atomic.LoadInt32(stage) != ending {
		key := fmt.Sprintf("key-%012d", random.Intn(keys))
		ctx, cancel := context.WithTimeout(context.Background(), requestTimeout)
		start := time.Now()
		_, err := client.Put(ctx, key, value)
		took := time.Since(start)
		cancel()
		at := atomic.LoadInt32(stage)
		isCounted := at != warmingUp
		if isCounted && (err == nil || took >= requestTimeout) {
			w.latencies = append(w.latencies, took)
		}
		if err == nil && at == measuring {
			w.answered++
		} else if err != nil {
			if isCounted {
				w.errors++
			}
			time.Sleep(time.Millisecond)
		}
	}
}

func summarize(workers []worker, elapsed time.Duration) result {
	var all []time.Duration
	var seen result
	answered := 0
	for _, w := range workers {
		all = append(all, w.latencies...)
		answered += w.answered
		seen.Errors += w.errors
	}
	sort.Slice(all, func(a, b int) bool { return all[a] < all[b] })
	seen.OpsPerSec = float64(answered) / elapsed.Seconds()
	if len(all) > 0 {
		quantile := func(share float64) float64 {
			return float64(all[int(share*float64(len(all)-1))].Microseconds()) / 1000
		}
		seen.P50Ms, seen.P99Ms, seen.MaxMs = quantile(0.5), quantile(0.99), quantile(1)
	}
	return seen
}

// findLeader returns the endpoint of the leader and its term.
func findLeader(servers []string) (string, uint64) {
	for deadline := time.Now().Add(electionLimit); time.Now().Before(deadline); {
		for _, server := range servers {
			if status := ask(server); status != nil && status.Leader == status.Header.MemberId {
				return server, status.RaftTerm
			}
		}
		time.Sleep(100 * time.Millisecond)
	}
	fail("no leader was elected")
	return "", 0
}

func highestTerm(servers []string) uint64 {
	var highest uint64
	for _, server := range servers {
		if status := ask(server); status != nil && status.RaftTerm > highest {
			highest = status.RaftTerm
		}
	}
	return highest
}

// ask returns nil where the server does not answer.
func ask(server string) *clientv3.StatusResponse {
	client := dial(server)
	defer client.Close()
	ctx, cancel := context.WithTimeout(context.Background(), statusTimeout)
	defer cancel()
	status, err := client.Status(ctx, server)
	if err != nil {
		return nil
	}
	return status
}

func dial(server string) *clientv3.Client {
	client, err := clientv3.New(clientv3.Config{Endpoints: []string{server}})
	if err != nil {
		fail(err.Error())
	}
	return client
}

func duration(seconds float64) time.Duration {
	return time.Duration(seconds * float64(time.Second))
}

func fail(why string) {
	fmt.Fprintln(os.Stderr, why)
	os.Exit(1)
}
