package scram

import (
	"bytes"
	"crypto/pbkdf2"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"testing"
)

// keys derives a password's keys as RFC 5802, section 3, says.
func keys(t testing.TB, password, salt string, iterations int) (client Key, v Verifier) {
	t.Helper()
	raw, err := base64.StdEncoding.DecodeString(salt)
	if err != nil {
		t.Fatal(err)
	}
	b, err := pbkdf2.Key(sha256.New, password, raw, iterations, sha256.Size)
	if err != nil {
		t.Fatal(err)
	}
	salted := Key(b)
	client = sign(salted, "Client Key")
	return client, Verifier{Salt: salt, Iterations: iterations, StoredKey: client.stored(), ServerKey: sign(salted, "Server Key")}
}

// The example of RFC 7677, section 3.
const (
	rfcPassword    = "pencil"
	rfcSalt        = "W22ZaJ0SNY7soEsUEjb6gQ=="
	rfcClientNonce = "rOprNGfwEbeRWgbNEkqO"
	rfcNonce       = "rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
	rfcFirst       = "n,,n=user,r=" + rfcClientNonce
	rfcChallenge   = "r=" + rfcNonce + ",s=" + rfcSalt + ",i=4096"
	rfcFinal       = "c=biws,r=" + rfcNonce + ",p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
	rfcVerified    = "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="
)

func TestTheExampleOfTheRFC(t *testing.T) {
	key, v := keys(t, rfcPassword, rfcSalt, 4096)
	t.Run("as a server", func(t *testing.T) {
		s, err := Accept(Mechanism, []byte(rfcFirst), nil)
		if err != nil {
			t.Fatal(err)
		}
		s.nonce = rfcNonce
		if got := string(s.Challenge(v.Salt, v.Iterations)); got != rfcChallenge {
			t.Errorf("challenge is %s, want %s", got, rfcChallenge)
		}
		got, final, err := s.Finish([]byte(rfcFinal), v)
		if err != nil || got != key || string(final) != rfcVerified {
			t.Errorf("key %x, final %s, %v; want %x, %s", got, final, err, key, rfcVerified)
		}
	})
	t.Run("as a client", func(t *testing.T) {
		c := NewClient(Unable, nil)
		c.own, c.bare = rfcClientNonce, "n=user,r="+rfcClientNonce
		if got := string(c.First()); got != rfcFirst {
			t.Errorf("first message is %s, want %s", got, rfcFirst)
		}
		salt, iterations, err := c.Challenged([]byte(rfcChallenge))
		if err != nil || salt != rfcSalt || iterations != 4096 {
			t.Errorf("challenged with %s, %d, %v", salt, iterations, err)
		}
		if got := string(c.Final(key)); got != rfcFinal {
			t.Errorf("last message is %s, want %s", got, rfcFinal)
		}
		if err := c.Verify([]byte(rfcVerified), v.ServerKey); err != nil {
			t.Error(err)
		}
		if err := c.Verify([]byte(rfcVerified), Key{}); !errors.Is(err, ErrServerProof) {
			t.Errorf("another server key gives %v", err)
		}
	})
}

// exchange lets a client prove a key to a server.
func exchange(c *Client, binding []byte, clientKey Key, v Verifier) (recovered Key, verified, err error) {
	s, err := Accept(c.Mechanism(), c.First(), binding)
	if err != nil {
		return Key{}, nil, err
	}
	if _, _, err := c.Challenged(s.Challenge(v.Salt, v.Iterations)); err != nil {
		return Key{}, nil, err
	}
	recovered, final, err := s.Finish(c.Final(clientKey), v)
	if err != nil {
		return Key{}, nil, err
	}
	return recovered, c.Verify(final, v.ServerKey), nil
}

func TestAKeyPassesFromProofToProof(t *testing.T) {
	key, v := keys(t, "secret", rfcSalt, 1000)
	ours, others := []byte("our certificate"), []byte("another's")
	for name, c := range map[string]struct {
		client  *Client
		offered []byte
		want    error
	}{
		"without binding": {NewClient(Unable, nil), nil, nil},
		"a client that would bind, were it offered": {NewClient(NotAsked, nil), nil, nil},
		"a client that does not want to bind":       {NewClient(Unable, nil), ours, nil},
		"a bound channel":                           {NewClient(Bound, ours), ours, nil},
		"a channel bound to somebody else":          {NewClient(Bound, others), ours, ErrBindingMismatch},
		"a client that has not seen the offer":      {NewClient(NotAsked, nil), ours, ErrBindingNegotiation},
	} {
		t.Run(name, func(t *testing.T) {
			got, verified, err := exchange(c.client, c.offered, key, v)
			if !errors.Is(err, c.want) || c.want == nil && (got != key || verified != nil) {
				t.Errorf("key %x, verified %v, %v; want %x, %v", got, verified, err, key, c.want)
			}
		})
	}
	t.Run("a wrong key stays wrong", func(t *testing.T) {
		wrong, _ := keys(t, "guess", rfcSalt, 1000)
		got, _, err := exchange(NewClient(Unable, nil), nil, wrong, v)
		if err != nil || got.stored() == v.StoredKey {
			t.Errorf("key %x, %v", got, err)
		}
	})
	t.Run("binding that was not offered", func(t *testing.T) {
		if _, err := Accept(MechanismPlus, NewClient(Bound, ours).First(), nil); err == nil {
			t.Error("it is accepted")
		}
	})
}

func TestVerifiers(t *testing.T) {
	_, v := keys(t, rfcPassword, rfcSalt, 4096)
	text := fmt.Sprintf("SCRAM-SHA-256$4096:%s$%s:%s", rfcSalt, v.StoredKey.text(), v.ServerKey.text())
	if got, err := ParseVerifier(text); err != nil || got != v {
		t.Errorf("%s gives %+v, %v", text, got, err)
	}
	for _, bad := range []string{
		"", "md5d41d8cd98f00b204e9800998ecf8427e", "SCRAM-SHA-256$", strings.Replace(text, "4096", "0", 1), strings.Replace(text, "4096", "-1", 1),
		strings.Replace(text, "4096", "99999999999", 1), text[:len(text)-4], text + ":", strings.Replace(text, rfcSalt, "", 1), strings.Repeat(text, 20),
	} {
		if _, err := ParseVerifier(bad); err == nil || bad != "" && strings.Contains(err.Error(), bad) {
			t.Errorf("%q gives %v", bad, err)
		}
	}
}

func TestMessagesThatAreRefused(t *testing.T) {
	long := strings.Repeat("x", maxMessage)
	for _, message := range []string{
		"", "n", "n,", "n,,", "n,,n=", "n,,n=,r=", "n,,r=abc,n=", "x,,n=,r=abc", "p=tls-unique,,n=,r=abc", "n,a=root,n=,r=abc", "n,,m=ext,n=,r=abc",
		"n,,n=,r=a b", "n,,n=,r=a\x00b", "n,,n=,r=\xff", "n,,n=,r=" + long,
	} {
		if s, err := Accept(Mechanism, []byte(message), nil); err == nil {
			t.Errorf("first message %.40q is accepted as %+v", message, s)
		}
	}
	_, v := keys(t, rfcPassword, rfcSalt, 4096)
	for _, message := range []string{
		"", "c=biws", "c=biws,r=" + rfcNonce, "c=biws,r=" + rfcNonce + ",p=", "c=biws,r=" + rfcNonce + ",p=AAAA", "c=biws,r=other,p=" + v.StoredKey.text(),
		"c=eSws,r=" + rfcNonce + ",p=" + v.StoredKey.text(), rfcFinal + ",x=1", rfcFinal + "\x00", rfcFinal + long,
	} {
		s, err := Accept(Mechanism, []byte(rfcFirst), nil)
		if err != nil {
			t.Fatal(err)
		}
		s.nonce = rfcNonce
		s.Challenge(v.Salt, v.Iterations)
		if _, _, err := s.Finish([]byte(message), v); err == nil {
			t.Errorf("last message %.80q is accepted", message)
		}
	}
	for _, message := range []string{
		"", "r=", "r=short,s=AAAA,i=1", "r=%s,s=AAAA,i=1", "r=%sX,i=1", "r=%sX,s=,i=1", "r=%sX,s=!,i=1", "r=%sX,s=AAAA,i=", "r=%sX,s=AAAA,i=0",
		"r=%sX,s=AAAA,i=99999999999", "m=1,r=%sX,s=AAAA,i=1", "r=%sX,s=" + long + ",i=1",
	} {
		c := NewClient(Unable, nil)
		if _, _, err := c.Challenged([]byte(strings.Replace(message, "%s", c.own, 1))); err == nil {
			t.Errorf("challenge %.80q is accepted", message)
		}
	}
}

// FuzzServer gives a server two messages of a client.
func FuzzServer(f *testing.F) {
	f.Add([]byte(rfcFirst), []byte(rfcFinal), false)
	f.Add([]byte("p=tls-server-end-point,,n=,r=abc"), []byte("c=biws,r=abc,p="), true)
	f.Add([]byte("y,,n=,r=abc,x=1"), []byte(",p=,p="), false)
	f.Fuzz(func(t *testing.T, first, final []byte, plus bool) {
		mechanism, binding := Mechanism, []byte(nil)
		if plus {
			mechanism, binding = MechanismPlus, []byte("hash")
		}
		s, err := Accept(mechanism, first, binding)
		if err != nil {
			return
		}
		if got := s.Challenge(rfcSalt, 4096); !bytes.HasPrefix(got, []byte("r="+s.nonce)) || bytes.Count(got, []byte(",")) != 2 {
			t.Errorf("challenge %q to %q", got, first)
		}
		if _, _, err := s.Finish(final, Verifier{}); err == nil {
			t.Errorf("%q matches a nonce that nobody knew", final)
		}
		// What follows the rules is read, whatever the first message held.
		own := base64.StdEncoding.EncodeToString(append([]byte(s.header), s.binding...))
		if _, _, err := s.Finish([]byte("c="+own+",r="+s.nonce+",p="+Key{}.text()), Verifier{}); err != nil && len(s.nonce) < 800 {
			t.Errorf("a well-formed last message behind %q gives %v", first, err)
		}
	})
}

// FuzzClient gives a client two messages of a server.
func FuzzClient(f *testing.F) {
	f.Add([]byte("X,s=AAAA,i=1"), []byte(rfcVerified))
	f.Add([]byte("X,s=AAAA,i=1,x=2"), []byte("e=other-error"))
	f.Fuzz(func(t *testing.T, challenge, final []byte) {
		c := NewClient(Bound, []byte("hash"))
		salt, iterations, err := c.Challenged(append([]byte("r="+c.own), challenge...))
		if err != nil {
			return
		}
		if salt == "" || strings.ContainsAny(salt, ",\x00") || iterations < 1 {
			t.Errorf("%q gives salt %q, %d iterations", challenge, salt, iterations)
		}
		c.Final(Key{})
		if err := c.Verify(final, Key{}); err == nil {
			t.Errorf("%q verifies", final)
		}
	})
}

// FuzzVerifier reads what a catalog, or a file, may hold.
func FuzzVerifier(f *testing.F) {
	f.Add("SCRAM-SHA-256$4096:" + rfcSalt + "$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")
	f.Fuzz(func(t *testing.T, text string) {
		v, err := ParseVerifier(text)
		if err != nil {
			return
		}
		again := fmt.Sprintf("SCRAM-SHA-256$%d:%s$%s:%s", v.Iterations, v.Salt, v.StoredKey.text(), v.ServerKey.text())
		if w, err := ParseVerifier(again); err != nil || w != v {
			t.Errorf("%q reads as %+v, written and read again as %+v, %v", text, v, w, err)
		}
	})
}
