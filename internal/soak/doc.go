// Command soak keeps a cvp server busy for a long time and looks for what it loses: answers, sessions, memory,
// descriptors.
//
// `soak run` starts a private Postgres and the built server in front of it. Clients do mixed work and verify
// every answer, each for itself. Meanwhile a killer ends connections in every way there is, and Postgres is
// restarted. A client may lose its connection only where something was done to it; any other error, any wrong
// answer, any commit that was acknowledged and is gone fails the run. At the end nothing of the sessions may be
// left in the server or in Postgres.
//
//	clients ──links──► server ──► Postgres
//	   ▲         ▲       ▲           ▲
//	 works     killer   figures    restarts
//
// `soak idle` measures what an idle session costs, in front of a backend that lets every client in and then says
// nothing, and in front of Postgres.
package main
