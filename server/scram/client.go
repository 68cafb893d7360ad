package scram

import (
	"crypto/hmac"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
)

// Client is the exchange with Postgres.
type Client struct {
	binding     []byte // of the backend's certificate, where the channel is bound
	header      string
	bare        string
	own         string // our part of the nonce
	nonce       string // both sides' together
	challenge   string
	authMessage string
}

// Binding is how a client stands to channel binding.
type Binding byte

// What a client may say of channel binding.
const (
	Unable   Binding = 'n' // it cannot, or does not want to
	NotAsked Binding = 'y' // it could, but the server does not offer
	Bound    Binding = 'p' // it does
)

// NewClient starts an exchange; data is what a bound channel is bound to.
func NewClient(b Binding, data []byte) *Client {
	c := &Client{own: newNonce()}
	c.header = string(rune(b)) + ",,"
	if b == Bound {
		c.header, c.binding = "p="+bindingType+",,", data
	}
	c.bare = "n=,r=" + c.own // Postgres takes the name of the start-up packet
	return c
}

// Mechanism is the one that the exchange is of.
func (c *Client) Mechanism() string {
	if c.binding != nil {
		return MechanismPlus
	}
	return Mechanism
}

// First gives the first message.
func (c *Client) First() []byte { return []byte(c.header + c.bare) }

// Challenged reads the answer to the first message.
func (c *Client) Challenged(message []byte) (salt string, iterations int, err error) {
	text, err := check(message)
	if err != nil {
		return "", 0, err
	}
	nonce, rest, err := attribute(text, 'r')
	if err != nil {
		return "", 0, err
	}
	if !isPrintable(nonce) || len(nonce) <= len(c.own) || !strings.HasPrefix(nonce, c.own) {
		return "", 0, syntax("nonce does not continue ours")
	}
	if salt, rest, err = attribute(rest, 's'); err != nil {
		return "", 0, err
	}
	count, _, err := attribute(rest, 'i')
	if err != nil {
		return "", 0, err
	}
	if iterations, err = parseIterations(count); err != nil || !isBase64(salt) {
		return "", 0, syntax("invalid salt or iteration count")
	}
	c.nonce, c.challenge = nonce, text
	return salt, iterations, nil
}

// Final gives the last message: the proof of having a key.
func (c *Client) Final(key Key) []byte {
	bound := base64.StdEncoding.EncodeToString(append([]byte(c.header), c.binding...))
	withoutProof := fmt.Sprintf("c=%s,r=%s", bound, c.nonce)
	c.authMessage = c.bare + "," + c.challenge + "," + withoutProof
	proof := key.xor(sign(key.stored(), c.authMessage))
	return []byte(withoutProof + ",p=" + proof.text())
}

// ErrServerProof says that whoever answers does not know the role's password: it is not the Postgres that the
// verifier is from.
var ErrServerProof = errors.New("backend does not prove to know the role's verifier")

// Verify reads the server's proof.
func (c *Client) Verify(message []byte, serverKey Key) error {
	text, err := check(message)
	if err != nil {
		return err
	}
	want := "v=" + sign(serverKey, c.authMessage).text()
	if !hmac.Equal([]byte(text), []byte(want)) {
		return ErrServerProof
	}
	return nil
}
