import React from 'react';

export default function Chart({data}) {
  return <svg className="chart">{data.map(({day, weight}) => <circle key={day} cx={day} cy={weight} />)}</svg>;
}
