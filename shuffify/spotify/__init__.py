"""Everything that speaks to Spotify; knows neither Flask nor the database's rows."""
