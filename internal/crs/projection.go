package crs

import (
	"math"
	"strconv"
)

const radians = math.Pi / 180

// ellipsoid has its semi-major axis in metres and its inverse flattening.
type ellipsoid struct{ a, inverseFlattening float64 }

var (
	wgs84        = ellipsoid{6378137, 298.257223563}
	clarke1880   = ellipsoid{6378249.2, 293.466021293627} // Clarke 1880 (IGN), EPSG:7011
	merchichAxes = [3]float64{31, 146, 47}                // Merchich to WGS 84 (1), EPSG:1166: metres along X, Y, Z
)

// e2 is the square of the first eccentricity.
func (l ellipsoid) e2() float64 {
	f := 1 / l.inverseFlattening
	return f * (2 - f)
}

// geocentric are the coordinates in metres of a position on the ellipsoid (Guidance Note 7-2, 4.1.1; method 9602). Radians.
func (l ellipsoid) geocentric(lon, lat float64) (x, y, z float64) {
	sin, cos := math.Sincos(lat)
	nu := l.a / math.Sqrt(1-l.e2()*sin*sin)
	return nu * cos * math.Cos(lon), nu * cos * math.Sin(lon), (1 - l.e2()) * nu * sin
}

// geodetic is the way back; the height is dropped, as in the two-dimensional domain of EPSG:1166.
func (l ellipsoid) geodetic(x, y, z float64) (lon, lat float64) {
	p := math.Hypot(x, y)
	lat = math.Atan2(z, p*(1-l.e2()))
	for range 10 { // each round gains more than two digits; the sixth changes nothing any more
		sin := math.Sin(lat)
		nu := l.a / math.Sqrt(1-l.e2()*sin*sin)
		lat = math.Atan2(z+l.e2()*nu*sin, p)
	}
	return math.Atan2(y, x), lat
}

// toMerchich shifts a position of WGS 84 to the Merchich datum by geocentric translations (method 9603). Radians.
func toMerchich(lon, lat float64) (float64, float64) {
	x, y, z := wgs84.geocentric(lon, lat)
	return clarke1880.geodetic(x-merchichAxes[0], y-merchichAxes[1], z-merchichAxes[2])
}

func fromMerchich(lon, lat float64) (float64, float64) {
	x, y, z := clarke1880.geocentric(lon, lat)
	return wgs84.geodetic(x+merchichAxes[0], y+merchichAxes[1], z+merchichAxes[2])
}

// lambert is a Lambert conic conformal projection with one standard parallel (method 9801) on Clarke 1880 (IGN): degrees, metres.
type lambert struct{ latitude, scale, falseEasting, falseNorthing float64 }

// merchichMeridian is the longitude of origin of all four zones: 6 grads west.
const merchichMeridian = -5.4

// cone holds what a zone computes once, by the names of Guidance Note 7-2, 3.1.1.2.
type cone struct{ n, aFk, r0 float64 }

// conformal is the function t of the Guidance Note.
func conformal(lat float64) float64 {
	e := math.Sqrt(clarke1880.e2())
	sin := math.Sin(lat)
	return math.Tan(math.Pi/4-lat/2) / math.Pow((1-e*sin)/(1+e*sin), e/2)
}

func (z lambert) cone() cone {
	lat := z.latitude * radians
	sin, cos := math.Sincos(lat)
	m := cos / math.Sqrt(1-clarke1880.e2()*sin*sin)
	t := conformal(lat)
	c := cone{n: sin}
	c.aFk = clarke1880.a * m / (c.n * math.Pow(t, c.n)) * z.scale
	c.r0 = c.aFk * math.Pow(t, c.n)
	return c
}

// merchich makes one of the four Moroccan systems.
func merchich(code int, name string, z lambert) System {
	c := z.cone()
	return System{
		URI: epsg + strconv.Itoa(code), EPSG: code, Name: name, Projected: true,
		forward: func(lonDegrees, latDegrees float64) (x, y float64) {
			if math.Abs(latDegrees) >= 90 { // a pole is the cone's tip, or infinitely far from it
				return math.NaN(), math.NaN()
			}
			lon, lat := toMerchich(lonDegrees*radians, latDegrees*radians)
			theta := c.n * math.Remainder(lon-merchichMeridian*radians, 2*math.Pi)
			r := c.aFk * math.Pow(conformal(lat), c.n)
			return z.falseEasting + r*math.Sin(theta), z.falseNorthing + c.r0 - r*math.Cos(theta)
		},
		inverse: func(x, y float64) (lonDegrees, latDegrees float64) {
			dx, dy := x-z.falseEasting, c.r0-(y-z.falseNorthing)
			theta := math.Atan2(dx, dy)
			if math.Abs(theta) > c.n*math.Pi { // in the gap that the unrolled cone leaves
				return math.NaN(), math.NaN()
			}
			t := math.Pow(math.Hypot(dx, dy)/c.aFk, 1/c.n)
			e := math.Sqrt(clarke1880.e2())
			lat := math.Pi/2 - 2*math.Atan(t)
			for range 15 {
				sin := math.Sin(lat)
				lat = math.Pi/2 - 2*math.Atan(t*math.Pow((1-e*sin)/(1+e*sin), e/2))
			}
			lon := math.Remainder(theta/c.n+merchichMeridian*radians, 2*math.Pi)
			lon, lat = fromMerchich(lon, lat)
			return lon / radians, lat / radians
		},
	}
}

// mercatorLatitude is where the square of Pseudo-Mercator ends; EPSG:3857 is defined up to 85.06 degrees.
const mercatorLatitude = 85.06

// webMercator is Popular Visualisation Pseudo-Mercator (method 1024): degrees to metres.
func webMercator(lon, lat float64) (x, y float64) {
	if math.Abs(lat) > mercatorLatitude {
		return math.NaN(), math.NaN()
	}
	return wgs84.a * lon * radians, wgs84.a * math.Log(math.Tan(math.Pi/4+lat*radians/2))
}

func webMercatorInverse(x, y float64) (lon, lat float64) {
	return x / wgs84.a / radians, (math.Pi/2 - 2*math.Atan(math.Exp(-y/wgs84.a))) / radians
}
