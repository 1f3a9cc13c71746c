//! The serving side of the test protocols, and of `/perf/1.0.0`.

use std::io;

use futures::{AsyncReadExt, AsyncWriteExt};
use libp2p::{StreamProtocol, swarm::Stream};
use tokio::sync::mpsc;

pub const ECHO: StreamProtocol = StreamProtocol::new("/edge-test/echo/1.0.0");
pub const RESET: StreamProtocol = StreamProtocol::new("/edge-test/reset/1.0.0");
pub const SINK: StreamProtocol = StreamProtocol::new("/edge-test/sink/1.0.0");
pub const SOURCE: StreamProtocol = StreamProtocol::new("/edge-test/source/1.0.0");
pub const PERF: StreamProtocol = StreamProtocol::new("/perf/1.0.0");

/// Bytes handled by one read or write.
pub const BLOCK_BYTES: usize = 64 * 1024;

pub fn protocols(perf: bool) -> Vec<StreamProtocol> {
    let mut protocols = vec![ECHO, RESET, SINK, SOURCE];
    if perf {
        protocols.push(PERF);
    }
    protocols
}

/// Gives each inbound stream a task of its own.
pub async fn serve(mut inbound: mpsc::UnboundedReceiver<(StreamProtocol, Stream)>) {
    while let Some((protocol, stream)) = inbound.recv().await {
        tokio::spawn(async move {
            if let Err(error) = serve_stream(&protocol, stream).await {
                eprintln!("{protocol}: {error}");
            }
        });
    }
}

async fn serve_stream(protocol: &StreamProtocol, mut stream: Stream) -> io::Result<()> {
    if *protocol == RESET {
        stream.read_exact(&mut [0]).await?;
        return Ok(()); // a stream dropped while both its ways are open is reset
    }
    if *protocol == ECHO {
        echo(&mut stream).await?;
    } else if *protocol == SINK {
        let count = drain(&mut stream).await?;
        stream.write_all(&count.to_be_bytes()).await?;
    } else if *protocol == SOURCE {
        let count = read_count(&mut stream).await?;
        write_bytes(&mut stream, count).await?;
    } else if *protocol == PERF {
        let count = read_count(&mut stream).await?;
        drain(&mut stream).await?;
        write_bytes(&mut stream, count).await?;
    }
    stream.close().await
}

async fn echo(stream: &mut Stream) -> io::Result<()> {
    let mut block = vec![0; BLOCK_BYTES];
    loop {
        match stream.read(&mut block).await? {
            0 => return Ok(()),
            count => stream.write_all(&block[..count]).await?,
        }
    }
}

/// Reads the eight bytes, big-endian, that say how many are to follow.
pub async fn read_count(stream: &mut Stream) -> io::Result<u64> {
    let mut count = [0; 8];
    stream.read_exact(&mut count).await?;
    Ok(u64::from_be_bytes(count))
}

/// Reads to the end and says how many bytes that were.
pub async fn drain(stream: &mut Stream) -> io::Result<u64> {
    let mut block = vec![0; BLOCK_BYTES];
    let mut total = 0;
    loop {
        match stream.read(&mut block).await? {
            0 => return Ok(total),
            count => total += count as u64,
        }
    }
}

pub async fn write_bytes(stream: &mut Stream, count: u64) -> io::Result<()> {
    let block = vec![0x5a; BLOCK_BYTES];
    let mut rest = count;
    while rest > 0 {
        let size = rest.min(BLOCK_BYTES as u64);
        stream.write_all(&block[..size as usize]).await?;
        rest -= size;
    }
    Ok(())
}
