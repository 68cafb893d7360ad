package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"cvp/server/frame"
)

// attempt is a link that has got a client's start-up packet, and the backend's first frame where it was read.
type attempt struct {
	*link
	first []byte
}

// connect reaches a backend for a client and sends its start-up packet. As libpq does, it goes on to the next
// host where one cannot be reached or takes no connections now, and to the host's other way, with or without
// TLS, where pg_hba.conf refuses the first. Where nothing else works, the client gets the last refusal.
func (b Backend) connect(ctx context.Context, packet []byte, identify bool) (*attempt, error) {
	var refused *attempt
	var failed error
	for i, h := range b.hosts {
		for len(h.ways) > 0 {
			a, taken, err := b.try(ctx, h, packet, identify, i+1 < len(b.hosts))
			if err != nil {
				failed = errors.Join(failed, err)
				break
			}
			if refused != nil {
				_ = refused.Close()
			}
			refused = a
			h.ways = h.ways[taken:]
			switch code := a.refusal(); {
			case code == cannotConnectNow && i+1 < len(b.hosts):
				h.ways = nil
			case code == invalidAuthorization && len(h.ways) > 0:
			default:
				return a, nil
			}
		}
	}
	if refused != nil {
		return refused, nil
	}
	return nil, failed
}

// try reaches one host, and reads the backend's first frame where there is something else to try. taken is how
// many of the host's ways are then used up.
func (b Backend) try(ctx context.Context, h host, packet []byte, identify, others bool) (a *attempt, taken int, err error) {
	l, err := b.reach(ctx, h, identify)
	if err != nil {
		return nil, 0, err
	}
	for taken < len(h.ways) && h.ways[taken] != l.host.ways[0] {
		taken++
	}
	taken++
	a = &attempt{link: l}
	if deadline, ok := ctx.Deadline(); ok {
		_ = l.SetDeadline(deadline)
	}
	if _, err := l.Write(packet); err != nil {
		_ = l.Close()
		return nil, 0, fmt.Errorf("send the startup packet: %w", err)
	}
	if others || taken < len(h.ways) {
		if a.first, err = readFrame(l); err != nil {
			_ = l.Close()
			return nil, 0, fmt.Errorf("read from backend: %w", err)
		}
	}
	_ = l.SetDeadline(time.Time{})
	return a, taken, nil
}

// refusal is the SQLSTATE of an error that came first, "" where none did.
func (a *attempt) refusal() string {
	if len(a.first) == 0 || a.first[0] != frame.ErrorResponse {
		return ""
	}
	return frame.Field(a.first[frame.HeadLen:], 'C')
}

// readFrame reads exactly one frame of a backend whose session has not started.
func readFrame(conn net.Conn) ([]byte, error) {
	head := make([]byte, frame.HeadLen)
	if _, err := io.ReadFull(conn, head); err != nil {
		return nil, err
	}
	size, err := frame.Size(head)
	if err != nil {
		return nil, err
	}
	if size > maxStartAnswer {
		return nil, &frame.LengthError{Kind: head[0], Length: int32(size - 1)}
	}
	f := append(head, make([]byte, size-len(head))...)
	_, err = io.ReadFull(conn, f[len(head):])
	return f, err
}
