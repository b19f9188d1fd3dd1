"""What lies behind a URL: a cache that machines share. fsspec is imported when a URL is first asked, never before."""
