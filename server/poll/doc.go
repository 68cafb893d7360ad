// Package poll relays on few threads: a Poller (Linux) watches many sockets with epoll and tells whoever a
// socket is delivered to. A Socket is a net.Conn as well, for the times when one goroutine talks to its peer.
//
// Go's own network poller wakes a goroutine for each readable socket, which reads, writes and then reads once
// more in vain. Here one epoll_wait answers for all, and a message costs one read and one write.
package poll
