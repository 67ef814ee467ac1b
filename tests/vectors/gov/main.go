// Verifies a Truceline log with Go's reference packages alone: the signed note of the
// checkpoint, every record of every entry bundle, and the consistency with older
// checkpoints. Nothing of Truceline is used.
//
//	go run main.go LOGDIR VKEYFILE [OLDCHECKPOINT ...]
package main

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const width = 256

// dir reads C2SP tlog-tiles: Go's paths without the tile height.
type dir string

func (d dir) Height() int { return 8 }

func (d dir) SaveTiles([]tlog.Tile, [][]byte) {}

func (d dir) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var out [][]byte
	for _, tile := range tiles {
		path := strings.Replace(tile.Path(), "tile/8/", "tile/", 1)
		data, err := os.ReadFile(filepath.Join(string(d), path))
		if err != nil {
			return nil, err
		}
		out = append(out, data)
	}
	return out, nil
}

func main() {
	if len(os.Args) < 3 {
		fail(fmt.Errorf("usage: LOGDIR VKEYFILE [OLDCHECKPOINT ...]"))
	}
	log := dir(os.Args[1])
	vkey, err := os.ReadFile(os.Args[2])
	fail(err)
	verifier, err := note.NewVerifier(strings.TrimSpace(string(vkey)))
	fail(err)

	tree := head(filepath.Join(string(log), "checkpoint"), verifier)
	hashes := tlog.TileHashReader(tree, log)
	records := 0
	for n := int64(0); n*width < tree.N; n++ {
		for i, entry := range bundle(log, n, tree.N) {
			index := n*width + int64(i)
			proof, err := tlog.ProveRecord(tree.N, index, hashes)
			fail(err)
			fail(tlog.CheckRecord(proof, tree.N, tree.Hash, index, tlog.RecordHash(entry)))
			records++
		}
	}
	if int64(records) != tree.N {
		fail(fmt.Errorf("%d entries for a tree of %d", records, tree.N))
	}
	for _, path := range os.Args[3:] {
		old := head(path, verifier)
		proof, err := tlog.ProveTree(tree.N, old.N, hashes)
		fail(err)
		fail(tlog.CheckTree(proof, tree.N, tree.Hash, old.N, old.Hash))
	}
	fmt.Printf("ok %d records, %d older checkpoints\n", records, len(os.Args)-3)
}

// head opens a checkpoint and returns the tree that it is signed for.
func head(path string, verifier note.Verifier) tlog.Tree {
	data, err := os.ReadFile(path)
	fail(err)
	opened, err := note.Open(data, note.VerifierList(verifier))
	fail(err)
	lines := strings.Split(opened.Text, "\n")
	if lines[0] != verifier.Name() {
		fail(fmt.Errorf("the checkpoint is of %q", lines[0]))
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	fail(err)
	root, err := base64.StdEncoding.DecodeString(lines[2])
	fail(err)
	tree := tlog.Tree{N: size}
	copy(tree.Hash[:], root)
	return tree
}

// bundle returns the entries of one bundle, each behind its length in two bytes.
func bundle(log dir, n, size int64) [][]byte {
	tile := tlog.Tile{H: 8, L: 0, N: n, W: width}
	if (n+1)*width > size {
		tile.W = int(size - n*width)
	}
	path := strings.Replace(tile.Path(), "tile/8/0/", "tile/entries/", 1)
	data, err := os.ReadFile(filepath.Join(string(log), path))
	fail(err)
	var entries [][]byte
	for len(data) > 0 {
		length := int(binary.BigEndian.Uint16(data))
		entries = append(entries, data[2:2+length])
		data = data[2+length:]
	}
	return entries
}

func fail(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "NOT VERIFIED:", err)
		os.Exit(1)
	}
}
