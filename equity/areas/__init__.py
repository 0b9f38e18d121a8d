"""What an area table is: identity, columns, joins, crosswalks, margins of error."""
