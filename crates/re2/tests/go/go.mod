module re2table

go 1.24
