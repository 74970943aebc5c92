// read-log reads a log as files (c2sp.org/tlog-tiles) with the packages of Go's checksum database.
//
//	read-log URL KEY [OLD-SIZE OLD-ROOT]
//
// The checkpoint must be signed by KEY (a verifier key), the tiles must lead to its root, each
// entry must have the hash that they hold, the first of each bundle a path to the root, and with an
// older size and root that tree must be its beginning. Prints "read SIZE ROOT".
package main

import (
	"encoding/binary"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const height, width = 8, 1 << 8

var prefix string

func main() {
	log.SetFlags(0)
	if len(os.Args) != 3 && len(os.Args) != 5 {
		log.Fatalf("Usage: %s url key [old-size old-root]", os.Args[0])
	}
	prefix = strings.TrimSuffix(os.Args[1], "/")
	tree := checkpoint(os.Args[2])
	reader := tlog.TileHashReader(tree, tiles{})
	root, err := tlog.TreeHash(tree.N, reader)
	must(err)
	if root != tree.Hash {
		log.Fatal("the tiles lead to another root")
	}
	entries(tree, reader)
	if len(os.Args) == 5 {
		older(tree, reader, os.Args[3], os.Args[4])
	}
	fmt.Printf("read %d %s\n", tree.N, tree.Hash)
}

// checkpoint gives the tree of a log that the key has signed.
func checkpoint(key string) tlog.Tree {
	verifier, err := note.NewVerifier(key)
	must(err)
	opened, err := note.Open(get("checkpoint"), note.VerifierList(verifier))
	must(err)
	lines := strings.Split(opened.Text, "\n")
	if len(lines) != 4 || lines[0] != verifier.Name() {
		log.Fatalf("not a checkpoint of this log: %q", opened.Text)
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	must(err)
	root, err := tlog.ParseHash(lines[2])
	must(err)
	return tlog.Tree{N: size, Hash: root}
}

// entries reads every bundle and holds each entry against the tree.
func entries(tree tlog.Tree, reader tlog.HashReader) {
	for first := int64(0); first < tree.N; first += width {
		count := min(width, tree.N-first)
		path := tlog.Tile{H: height, L: 0, N: first / width, W: int(count)}.Path()
		raw := get(strings.Replace(path, "tile/8/0/", "tile/entries/", 1))
		places := make([]int64, count)
		for i := range places {
			places[i] = tlog.StoredHashIndex(0, first+int64(i))
		}
		hashes, err := reader.ReadHashes(places)
		must(err)
		for i, hash := range hashes {
			length := int(binary.BigEndian.Uint16(raw))
			if tlog.RecordHash(raw[2:2+length]) != hash {
				log.Fatalf("entry %d is another one", first+int64(i))
			}
			raw = raw[2+length:]
		}
		proof, err := tlog.ProveRecord(tree.N, first, reader)
		must(err)
		must(tlog.CheckRecord(proof, tree.N, tree.Hash, first, hashes[0]))
		if len(raw) > 0 {
			log.Fatalf("something behind the last entry of %s", path)
		}
	}
}

// older checks that a tree that was seen before is the beginning of this one.
func older(tree tlog.Tree, reader tlog.HashReader, told, root string) {
	size, err := strconv.ParseInt(told, 10, 64)
	must(err)
	hash, err := tlog.ParseHash(root)
	must(err)
	proof, err := tlog.ProveTree(tree.N, size, reader)
	must(err)
	must(tlog.CheckTree(proof, tree.N, tree.Hash, size, hash))
}

// tiles are fetched from below the prefix; the checksum database has the height in their paths.
type tiles map[tlog.Tile][]byte

func (tiles) Height() int { return height }

func (kept tiles) ReadTiles(wanted []tlog.Tile) ([][]byte, error) {
	found := make([][]byte, len(wanted))
	for i, one := range wanted {
		if kept[one] == nil {
			kept[one] = get(strings.Replace(one.Path(), "tile/8/", "tile/", 1))
		}
		found[i] = kept[one]
	}
	return found, nil
}

func (tiles) SaveTiles([]tlog.Tile, [][]byte) {}

func get(path string) []byte {
	answer, err := http.Get(prefix + "/" + path)
	must(err)
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		log.Fatalf("%s: %s", path, answer.Status)
	}
	raw, err := io.ReadAll(answer.Body)
	must(err)
	return raw
}

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
