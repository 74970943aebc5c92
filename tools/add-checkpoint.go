// add-checkpoint asks a witness as a log of the Sigsum project would, with that project's client.
//
//	add-checkpoint URL KEY < REQUEST
//
// REQUEST is what mk-add-checkpoint-request prints, KEY the witness's Ed25519 key in hex. Prints
// "cosigned TIME" when the witness's signature holds, "conflict SIZE" when the witness has seen
// another size, and otherwise "refused STATUS".
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"

	"sigsum.org/sigsum-go/pkg/api"
	"sigsum.org/sigsum-go/pkg/client"
	"sigsum.org/sigsum-go/pkg/crypto"
	"sigsum.org/sigsum-go/pkg/requests"
)

func main() {
	log.SetFlags(0)
	if len(os.Args) != 3 {
		log.Fatalf("Usage: %s url key < request", os.Args[0])
	}
	key, err := crypto.PublicKeyFromHex(os.Args[2])
	if err != nil {
		log.Fatal(err)
	}
	var request requests.AddCheckpoint
	if err := request.FromASCII(os.Stdin); err != nil {
		log.Fatal(err)
	}
	witness := client.New(client.Config{UserAgent: "add-checkpoint", URL: os.Args[1]})
	lines, err := witness.AddCheckpoint(context.Background(), request)
	if size, is := api.ErrorConflictOldSize(err); is {
		fmt.Printf("conflict %d\n", size)
		return
	}
	var refused *api.Error
	if errors.As(err, &refused) {
		fmt.Printf("refused %d\n", refused.StatusCode())
		return
	}
	if err != nil {
		log.Fatal(err)
	}
	found, err := request.Checkpoint.VerifyCosignatureByKey(lines, &key)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("cosigned %d\n", found.Timestamp)
}
